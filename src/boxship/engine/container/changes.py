"""docker diff: what a container has changed in its image's files."""

from boxship.engine.container.view import working
from boxship.engine.engine import Engine
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, NotFound
from boxship.runtime.launch import WorkFailed


async def changes(engine: Engine, ref: str) -> list[tuple[str, int]]:
    """(path, 0 modified, 1 added or 2 deleted) of everything that differs, parents first. NotFound, BoxshipError."""
    container = engine.containers.get(ref)
    try:
        await quick(engine.snapshotter.get, container.id)
    except NotFound:
        # It has never been started, nor written to.
        return []
    async with working(engine, container, "changes", {}, [], use="compare") as work:
        try:
            return [(path, kind) for path, kind in await work.result()]
        except WorkFailed as failed:
            raise BoxshipError(f"cannot compare container {ref} with its image: {failed.message}") from failed
