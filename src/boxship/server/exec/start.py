"""POST /exec/{id}/start"""

import msgspec

from boxship.engine.engine import Engine
from boxship.engine.exec import start as verb
from boxship.engine.exec.create import must_run
from boxship.http.request import Request, upgrade_head
from boxship.http.stdcopy import STDOUT, frame
from boxship.lib.errors import BoxshipError, NotFound
from boxship.server.decode import build, read_json
from boxship.server.reply import reply_empty
from boxship.server.router import route
from boxship.server.versions import console_size, stream_type


class ExecStart(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The body (API 1.51). console_size: height and width."""

    detach: bool = False
    tty: bool = False
    console_size: list[int] | None = None


@route("POST", "/exec/{exec_id}/start")
async def start(engine: Engine, request: Request, exec_id: str) -> None:
    """Detached: 200 once it runs. Else 101 or 200, then the connection is the process's."""
    asked = build(ExecStart, await read_json(request))
    exec = engine.execs.get(exec_id)
    if exec.container.paused:
        # Told before the protocol is switched.
        must_run(exec.container)
    given = console_size(request, asked.console_size) if asked.tty else None
    size = (given[0], given[1]) if given and len(given) == 2 and any(given) else None
    if asked.detach:
        await verb.exec_start(engine, exec_id, detach=True, tty=asked.tty, size=size)
        await reply_empty(request, 200)
        return
    content_type = stream_type(request, tty=asked.tty)
    try:
        attachment = await verb.exec_start(engine, exec_id, detach=False, tty=asked.tty, size=size)
    except NotFound:
        raise
    except BoxshipError as error:
        # Docker has switched protocols by now and tells it on the stream.
        text = f"{error.message}\r\n".encode()
        head = upgrade_head(request, content_type, request.response_headers)
        hijacked = await request.hijack(head + (text if asked.tty else frame(STDOUT, text)))
        hijacked.sock.close()
        return
    assert attachment is not None
    hijacked = await request.hijack(upgrade_head(request, content_type, request.response_headers))
    await attachment.hand_over(hijacked.sock, hijacked.leftover)
