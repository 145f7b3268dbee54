"""GET /containers/{id}/attach/ws"""

import asyncio
import socket

import msgspec

from boxship.engine.container import attach as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.http.websocket import HandshakeError, Relay, accept_head, refusal
from boxship.server import versions
from boxship.server.container.attach import attach_options
from boxship.server.router import route


@route("GET", "/containers/{ref}/attach/ws")
async def attach_ws(engine: Engine, request: Request, ref: str) -> None:
    """101, then standard output and error, unframed, as messages; messages become standard input."""
    engine.containers.get(ref)
    options = msgspec.structs.replace(attach_options(request), framed=False)
    try:
        head = accept_head(request)
    except HandshakeError as error:
        hijacked = await request.hijack(refusal(error))
        hijacked.sock.close()
        return
    attachment = verb.attach(engine, ref, options)
    hijacked = await request.hijack(head)
    ours, theirs = socket.socketpair()
    relay = Relay(hijacked.sock, ours, text=versions.websocket_text(request.api_version))
    handing = asyncio.ensure_future(attachment.hand_over(theirs, b""))
    try:
        await relay.run(hijacked.leftover)
    finally:
        # Where logs are replayed it lasts as long as the client; a container that ended meanwhile is no error here.
        handing.cancel()
        await asyncio.gather(handing, return_exceptions=True)
