"""GET and HEAD /_ping"""

from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.router import route

_HEADERS = (
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    # 1: the classic builder. Clients would start BuildKit's protocol on 2, and this engine does not speak it.
    ("Builder-Version", "1"),
    ("Swarm", "inactive"),
)


@route("GET", "/_ping")
@route("HEAD", "/_ping")
async def ping(engine: Engine, request: Request) -> None:
    """200 OK: the engine is there; the headers say what it can do."""
    body = b"" if request.method == "HEAD" else b"OK"
    await request.respond(200, body, _HEADERS, content_type="text/plain; charset=utf-8")
