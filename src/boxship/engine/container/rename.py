"""docker rename."""

import msgspec

from boxship.engine.container.names import check_name
from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.retell import retell
from boxship.lib.errors import Conflict, InvalidParameter


async def rename(engine: Engine, ref: str, name: str) -> None:
    """Give a container another name, whatever its state.

    name: with or without the slash. InvalidParameter for one that is empty, not allowed or the present one, Conflict
    when it is taken, NotFound.
    """
    if not ref or not name:
        raise InvalidParameter("Neither old nor new names may be empty")
    container = engine.containers.get(ref)
    wanted = name.removeprefix("/")
    if wanted == container.name:
        raise InvalidParameter("Renaming a container with the same name as its current name")
    try:
        check_name(f"/{wanted}")
    except InvalidParameter as error:
        raise InvalidParameter(f"Error when allocating new name: {error.message}") from None
    await engine.whole(_rename(engine, container, wanted))


async def _rename(engine: Engine, container: Container, name: str) -> None:
    async with container.lock:
        if container.removing:
            raise Conflict("Container is marked for removal and cannot be renamed")
        try:
            engine.containers.reserve(name, container.id)
        except Conflict as error:
            raise Conflict(f"Error when allocating new name: {error.message}") from None
        old = container.name
        container.record = msgspec.structs.replace(container.record, name=name)
        try:
            await engine.containers.save(container)
        except BaseException:
            container.record = msgspec.structs.replace(container.record, name=old)
            engine.containers.release(name, container.id)
            raise
        engine.containers.release(old, container.id)
        await retell(engine, container)
        publish(engine, container, "rename", oldName=f"/{old}")
