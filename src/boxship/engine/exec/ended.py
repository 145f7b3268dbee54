"""What follows when execs have ended."""

from collections.abc import Iterable

from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.runtime.launch import ExecState


def exec_ended(engine: Engine, container: Container, exec_id: str, code: int) -> None:
    """Keep the exit code and tell everyone. An exec that is not known any more is no matter."""
    exec = container.execs.get(exec_id)
    if exec is None:
        return
    if exec.starting:
        # The monitor's answer to the start is still on its way; if that is a failure, there was no exec.
        exec.early_exit = code
    elif exec.running:
        exec.end(code)
        publish(engine, container, "exec_die", execID=exec_id, exitCode=str(code))


def end_all(engine: Engine, container: Container, known: Iterable[ExecState]) -> None:
    """The container's run is over, and its execs with it. known: what the monitor knew last.

    Docker forgets them all now, so that `docker exec` may find no exit code when its container is killed. Here
    those that have run are kept for as long as others, by their ids.
    """
    codes = {state.exec_id: state.exit_code for state in known}
    for exec in tuple(container.execs.values()):
        if exec.running:
            code = codes.get(exec.id)
            # Killed with the container's pid namespace, if nobody knows better.
            exec_ended(engine, container, exec.id, 137 if code is None else code)
        if not exec.ended:
            engine.execs.forget(exec.id)
    container.execs.clear()
