"""docker restart: stop, then start."""

from boxship.engine.container.notify import publish
from boxship.engine.container.start import start_container
from boxship.engine.container.stop import stop_container
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError, InvalidParameter, NotModified


async def restart(engine: Engine, ref: str, *, signal: str, timeout: int | None) -> None:
    """Stop the container as `stop` does when it runs, then start it. An --rm container survives this."""
    container = engine.containers.get(ref)
    container.keep = True
    try:
        await stop_container(engine, container, signal=signal, timeout=timeout)
        try:
            await start_container(engine, container)
        except NotModified:
            # Somebody was faster.
            pass
    except InvalidParameter as error:
        if container.state.error:
            raise InvalidParameter(f"Cannot restart container {ref}: {error.message}") from error
        raise BoxshipError(f"Cannot restart container {ref}: {error.message}") from error
    except BoxshipError as error:
        raise type(error)(f"Cannot restart container {ref}: {error.message}") from error
    finally:
        container.keep = False
    publish(engine, container, "restart")
