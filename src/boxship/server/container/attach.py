"""POST /containers/{id}/attach"""

from http import HTTPStatus

from boxship.engine.container import attach as verb
from boxship.engine.engine import Engine
from boxship.engine.exec.detach_keys import parse_detach_keys
from boxship.http.request import Request, upgrade_head
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.container import AttachOptions
from boxship.server.errors import status_of
from boxship.server.router import route
from boxship.server.versions import stream_type


@route("POST", "/containers/{ref}/attach")
async def attach(engine: Engine, request: Request, ref: str) -> None:
    """101 or 200, then the connection is the container's."""
    try:
        engine.containers.get(ref)
        options = attach_options(request)
        attachment = verb.attach(engine, ref, options)
    except BoxshipError as error:
        await refuse(request, error)
        return
    hijacked = await request.hijack(upgrade_head(request, stream_type(request, tty=attachment.tty)))
    await attachment.hand_over(hijacked.sock, hijacked.leftover)


def attach_options(request: Request) -> AttachOptions:
    """What a query asks for. InvalidParameter for detach keys that are none."""
    return AttachOptions(
        stdin=request.flag("stdin"),
        stdout=request.flag("stdout"),
        stderr=request.flag("stderr"),
        stream=request.flag("stream"),
        logs=request.flag("logs"),
        detach_keys=_detach_keys(request.text("detachKeys")),
    )


async def refuse(request: Request, error: BoxshipError) -> None:
    """The answer to an attach that can't be: plain text, and the connection ends. Clients print it as it is."""
    status = status_of(error)
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
    text = f"{error.message}\r\n"
    hijacked = await request.hijack((head + text).encode("utf-8", "replace"))
    hijacked.sock.close()


def _detach_keys(text: str) -> bytes:
    try:
        return parse_detach_keys(text)
    except ValueError:
        raise InvalidParameter(f"Invalid detach keys ({text}) provided") from None
