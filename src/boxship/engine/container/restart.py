"""docker restart: stop, then start."""

from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.container.start import start_container
from boxship.engine.container.stop import stop_container
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError, InvalidParameter, NotModified


async def restart(engine: Engine, ref: str, *, signal: str, timeout: int | None) -> None:
    """Stop the container as `stop` does when it runs, then start it. An --rm container survives this."""
    container = engine.containers.get(ref)
    try:
        await engine.whole(_restart(engine, container, signal, timeout))
    except BoxshipError as error:
        # A bad signal and a command that can't run are 500 here, not 400.
        kind = BoxshipError if isinstance(error, InvalidParameter) else type(error)
        raise kind(f"Cannot restart container {ref}: {error.message}") from error


async def _restart(engine: Engine, container: Container, signal: str, timeout: int | None) -> None:
    container.keep = True
    try:
        await stop_container(engine, container, signal=signal, timeout=timeout)
        await start_container(engine, container)
    except NotModified:
        # Somebody was faster.
        pass
    finally:
        container.keep = False
    publish(engine, container, "restart")
