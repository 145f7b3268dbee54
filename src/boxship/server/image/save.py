"""GET /images/get and GET /images/{name}/get"""

import os

from boxship.engine.engine import Engine
from boxship.engine.image import save as verb
from boxship.http.request import Request
from boxship.image.save import Part, size_of
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.server.params import platform_list
from boxship.server.router import route


@route("GET", "/images/{name}/get")
async def save_one(engine: Engine, request: Request, name: str) -> None:
    """200 with the archive of one image."""
    await _save(engine, request, [name])


@route("GET", "/images/get")
async def save(engine: Engine, request: Request) -> None:
    """200 with the archive of all images that are named."""
    await _save(engine, request, request.query.get("names", []))


async def _save(engine: Engine, request: Request, names: list[str]) -> None:
    wanted = platform_list(request, "platform") if request.api_version >= (1, 48) else []
    if len(wanted) > 1:
        raise InvalidParameter("multiple platform parameters not supported")
    async with verb.save(engine, names, platform=wanted[0] if wanted else None) as parts:
        # The length is known: a client sees that an archive was cut off.
        head = [("Content-Type", "application/x-tar"), ("Content-Length", str(size_of(parts)))]
        await request.start(200, head)
        await request.unless_gone(_send(request, parts))
        await request.end()


async def _send(request: Request, parts: list[Part]) -> None:
    small = bytearray()
    for part in parts:
        if isinstance(part, bytes):
            small += part
            continue
        await request.send(bytes(small))
        small.clear()
        fd = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.fstat(fd).st_size != part.size:
                raise BoxshipError(f"{part.path} is damaged: it should have {part.size} bytes")
            await request.send_file(fd, part.size)
        finally:
            os.close(fd)
    await request.send(bytes(small))
