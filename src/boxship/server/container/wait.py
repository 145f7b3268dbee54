"""POST /containers/{id}/wait"""

from typing import Any

from boxship.engine.container import wait as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.server.reply import encode, reply
from boxship.server.router import route
from boxship.server.versions import wait_sends_head_first


@route("POST", "/containers/{ref}/wait")
async def wait(engine: Engine, request: Request, ref: str) -> None:
    """200 at once, the exit code when there is one: `docker run` starts the container between the two."""
    head_first = wait_sends_head_first(request)
    waiter = verb.wait(engine, ref, request.text("condition") if head_first else "")
    if not head_first:
        await reply(request, 200, _body(*await request.unless_gone(waiter)))
        return
    await request.start(200, [("Content-Type", "application/json")])
    code, error = await request.unless_gone(waiter)
    await request.send(encode(_body(code, error)))
    await request.end()


def _body(code: int, error: str) -> dict[str, Any]:
    return {"StatusCode": code} | ({"Error": {"Message": error}} if error else {})
