"""What an exec is and how it ended."""

import base64
from typing import Any

from boxship.engine.engine import Engine


def exec_inspect(engine: Engine, exec_id: str) -> dict[str, Any]:
    """The body of `GET /exec/{id}/json` (API 1.51). ExitCode is None until it has ended. NotFound."""
    exec = engine.execs.get(exec_id)
    config = exec.config
    command = config.cmd or [""]
    process: dict[str, Any] = {
        "tty": config.tty,
        "entrypoint": command[0],
        "arguments": command[1:],
        "privileged": config.privileged,
    }
    if config.user:
        process["user"] = config.user
    return {
        "ID": exec.id,
        "Running": exec.running,
        "ExitCode": exec.exit_code,
        "ProcessConfig": process,
        "OpenStdin": config.attach_stdin,
        "OpenStderr": config.attach_stderr,
        "OpenStdout": config.attach_stdout,
        "CanRemove": False,
        "ContainerID": exec.container.id,
        "DetachKeys": base64.b64encode(exec.detach_keys).decode() if config.detach_keys else "",
        "Pid": exec.pid,
    }
