"""The size of an exec's terminal."""

from boxship.engine.engine import Engine
from boxship.engine.exec.create import must_run
from boxship.lib.errors import NotFound


async def exec_resize(engine: Engine, exec_id: str, height: int, width: int) -> None:
    """Tell the exec's terminal its size in characters; before the start it is kept for the start.

    NotFound for an exec that is not there or has ended, Conflict when its container does not run.
    """
    exec = engine.execs.get(exec_id)
    must_run(exec.container)
    exec.size = (height, width)
    if exec.ended:
        raise NotFound(f"NotFound: process does not exist {exec_id}: not found")
    if exec.running and exec.container.monitor is not None:
        await exec.container.monitor.resize(height, width, exec_id)
