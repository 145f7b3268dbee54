"""Answers in the API's JSON."""

import json
from typing import Any

import msgspec

from boxship.http.request import Request


def encode(value: Any) -> bytes:
    """A value as a line of JSON, as Go's encoder ends it."""
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:
        # Bytes of a request that were no UTF-8 came back in a message; Go writes U+FFFD for them.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode() + b"\n"


async def reply(request: Request, status: int, value: Any) -> None:
    """Answer with a JSON value."""
    await request.respond(status, encode(value))


async def reply_error(request: Request, status: int, message: str) -> None:
    """Answer as the API tells errors. 304 has no body."""
    await request.respond(status, encode({"message": message}))


async def reply_empty(request: Request, status: int) -> None:
    """Answer without a body and without a content type."""
    await request.respond(status, content_type="")
