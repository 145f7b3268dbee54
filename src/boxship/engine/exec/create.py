"""docker exec, first half: what shall run."""

from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.exec.detach_keys import parse_detach_keys
from boxship.engine.exec.register import Exec
from boxship.engine.exec.user import check_user
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter
from boxship.lib.ids import new_id
from boxship.model.container import ExecConfig


async def exec_create(engine: Engine, ref: str, config: ExecConfig) -> str:
    """Note a process that shall run in a running container; its id.

    InvalidParameter without a command or with an unknown user, NotFound, Conflict when the container does not run.
    """
    if not config.cmd:
        raise InvalidParameter("No exec command specified")
    container = engine.containers.get(ref)
    await container.settled()
    must_run(container, ref)
    try:
        keys = parse_detach_keys(config.detach_keys)
    except ValueError:
        raise BoxshipError(f"Invalid escape keys ({config.detach_keys}) provided") from None
    if config.user:
        await quick(check_user, container.state.pid, config.user)
    exec = Exec(new_id(), container, config, keys)
    engine.execs.add(exec)
    publish(engine, container, f"exec_create: {command_text(config)}", execID=exec.id)
    return exec.id


def must_run(container: Container, name: str = "") -> None:
    """Conflict unless processes run in the container now. name: what messages call it, "" for the id."""
    if container.state.phase == "restarting":
        raise Conflict(f"Container {container.id} is restarting, wait until the container is running")
    if not container.running or container.monitor is None:
        raise Conflict(f"container {container.id} is not running")
    if container.paused:
        raise Conflict(f"Container {name or container.id} is paused, unpause the container before exec")


def command_text(config: ExecConfig) -> str:
    """The command as events show it: the program, a space, the arguments."""
    command = config.cmd or [""]
    return f"{command[0]} {' '.join(command[1:])}"
