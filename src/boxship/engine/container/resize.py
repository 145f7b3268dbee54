"""The size of a container's terminal."""

from boxship.engine.engine import Engine
from boxship.lib.errors import Conflict


async def resize(engine: Engine, ref: str, height: int, width: int) -> None:
    """Tell the terminal its size in characters; nothing happens without a terminal.

    Before the start it is kept for the start, and answered as Docker answers it. Conflict when nothing runs.
    """
    container = engine.containers.get(ref)
    if container.starting:
        # Kept for the next start, should this one fail.
        container.size = (height, width)
        await container.settled()
    if container.monitor is None or not container.running:
        container.size = (height, width)
        raise Conflict(f"container {container.id} is not running")
    await container.monitor.resize(height, width)
