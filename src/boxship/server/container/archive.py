"""HEAD, GET and PUT /containers/{id}/archive"""

from base64 import b64encode
from contextlib import AsyncExitStack
from typing import Any

from boxship.engine.container import archive as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.download import send_download
from boxship.server.reply import encode, reply_empty
from boxship.server.router import route

_TYPE = ("Content-Type", "application/x-tar")


@route("HEAD", "/containers/{ref}/archive")
async def stat(engine: Engine, request: Request, ref: str) -> None:
    """200 with what the path is in a header."""
    path = _path(request)
    found = await request.unless_gone(verb.stat(engine, ref, path))
    request.response_headers.append(_header(found))
    await reply_empty(request, 200)


@route("GET", "/containers/{ref}/archive")
async def read(engine: Engine, request: Request, ref: str) -> None:
    """200 with the same header, then the archive."""
    async with AsyncExitStack() as stack:
        opening = stack.enter_async_context(verb.read(engine, ref, _path(request)))
        found, download = await request.unless_gone(opening)
        await request.start(200, [_TYPE, _header(found)])
        await send_download(request, download)


@route("PUT", "/containers/{ref}/archive")
async def write(engine: Engine, request: Request, ref: str) -> None:
    """200 when the archive is extracted."""
    await verb.write(
        engine,
        ref,
        _path(request),
        request.stream(),
        keep_kinds=request.flag("noOverwriteDirNonDir"),
        to_user=request.flag("copyUIDGID"),
    )
    await reply_empty(request, 200)


def _path(request: Request) -> str:
    path = request.text("path")
    if not path:
        # As Docker words it.
        raise InvalidParameter("bad parameter: pathcannot be empty")
    return path


def _header(found: dict[str, Any]) -> tuple[str, str]:
    return "X-Docker-Container-Path-Stat", b64encode(encode(found)[:-1]).decode("ascii")
