"""From an exec to what its monitor is asked to run."""

from boxship.engine.container.filter_program import filter_of_run
from boxship.engine.engine import Engine
from boxship.engine.exec.register import Exec
from boxship.runtime.launch import ExecRequest
from boxship.runtime.spec import build_exec_process


def exec_request(engine: Engine, exec: Exec) -> ExecRequest:
    """The process of an exec: the container's, but for what the exec says otherwise (blocks)."""
    record, config = exec.container.record, exec.config
    process = build_exec_process(record.config, record.host, engine.host, config, record.process_label)
    if record.host.group_add:
        process["groups"] = record.host.group_add
    height, width = (config.console_size or [0, 0])[:2]
    return ExecRequest(
        exec_id=exec.id,
        process=process,
        tty=config.tty,
        open_stdin=config.attach_stdin,
        size=exec.size or ((height, width) if height and width else None),
        seccomp_program=filter_of_run(engine, exec.container),
        kept=exec.kept,
    )
