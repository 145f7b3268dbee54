"""Progress as the API streams it: a JSON object a line."""

from typing import Any

from boxship.server.reply import encode


def line(message: dict[str, Any]) -> bytes:
    """One message; its line ends as Docker's does."""
    return encode(message)[:-1] + b"\r\n"


def error_line(text: str) -> bytes:
    """An error, once the answer has begun."""
    return line({"errorDetail": {"message": text}, "error": text})
