"""GET /containers/{id}/export"""

from contextlib import AsyncExitStack

from boxship.engine.container import export as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.download import send_download
from boxship.server.router import route


@route("GET", "/containers/{ref}/export")
async def export(engine: Engine, request: Request, ref: str) -> None:
    """200 and the archive."""
    async with AsyncExitStack() as stack:
        download = await request.unless_gone(stack.enter_async_context(verb.export(engine, ref)))
        await request.start(200, [("Content-Type", "application/octet-stream")])
        await send_download(request, download)
