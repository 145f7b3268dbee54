"""What registries answer when they refuse, in the words that Docker gives them.

Error bodies: OCI distribution spec, "Error Codes". A code is told as `manifest unknown`, then the message.
"""

import json
from typing import Any

from boxship.lib.errors import BoxshipError, Forbidden, InvalidParameter, NotFound, Throttled, Unauthorized

LONGEST_BODY = 64 << 10
"""Bytes of an error's body that are read."""
_SHOWN = 512


class RegistryError(BoxshipError):
    """A registry refused, or could not be asked.

    status: its HTTP status, 0 when no answer came. codes: the codes of the answer in lower case with blanks
    ("manifest unknown"). url: what was asked. bare: the message without the request that it is about.
    """

    def __init__(self, message: str, *, status: int = 0, codes: tuple[str, ...] = (), url: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.codes = codes
        self.url = url
        self.bare = message

    def during(self, method: str, url: str) -> "RegistryError":
        """The same, said of a request that could not even be made."""
        self.message = f'{method.capitalize()} "{url}": {self.bare}'
        self.args = (self.message,)
        return self


class Unreachable(RegistryError):
    """No usable answer came: no route, no name, no TLS, a connection that broke more often than it may."""


class CertificateRefused(Unreachable):
    """TLS failed for good: asking again, or by another scheme, would be wrong."""


class Aborted(RegistryError):
    """Whoever wanted the answer does not want it any more."""


class ContentMissing(RegistryError, NotFound):
    """The registry does not have it (404)."""


class AccessDenied(RegistryError, Forbidden):
    """The credentials do not suffice (403)."""


class AuthenticationRequired(RegistryError, Unauthorized):
    """No credentials, or wrong ones (401)."""


class NoCredentials(RegistryError):
    """The registry wants a name and a password, and there are none."""


class NotUnderstood(RegistryError, InvalidParameter):
    """The registry can make no sense of what was asked (400)."""


class TooManyRequests(RegistryError, Throttled):
    """The registry's limit is reached (429). wait: seconds until it may be asked again, None when it does not say."""

    def __init__(self, message: str, *, wait: float | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.wait = wait


class Untrusted(RegistryError):
    """What came is not what was asked for: wrong digest, length or type. Nothing of it may be used."""


def from_answer(status: int, body: bytes, *, url: str, wait: float | None = None, challenge: str = "") -> RegistryError:
    """The error of an answer that refuses. body: at most LONGEST_BODY bytes of it; wait: of Retry-After; challenge:
    of WWW-Authenticate.
    """
    codes, message = _read(status, body)
    if status == 401 and "insufficient_scope" in challenge:
        # The token is good, and it is not for that.
        codes, message = ("denied",), "denied: requested access to the resource is denied"
    facts: dict[str, Any] = {"status": status, "codes": codes, "url": url}
    if status == 400:
        return NotUnderstood(message, **facts)
    if status == 401 and "denied" not in codes:
        return AuthenticationRequired(message, **facts)
    if status == 403 or "denied" in codes:
        return AccessDenied(message, **facts)
    if status == 404:
        return ContentMissing(message, **facts)
    if status == 429:
        return TooManyRequests(message, wait=wait, **facts)
    return RegistryError(message, **facts)


def _read(status: int, body: bytes) -> tuple[tuple[str, ...], str]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    listed = value.get("errors") if isinstance(value, dict) else None
    errors = [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []
    if errors:
        found = [(_code(error), _text(error.get("message"))) for error in errors[:16]]
        texts = [f"{code}: {message}" if message else code for code, message in found]
        return tuple(code for code, _ in found), texts[0] if len(texts) == 1 else "errors:\n" + "\n".join(texts)
    if isinstance(value, dict) and (details := value.get("details") or value.get("message")):
        # What token servers and load balancers write.
        return (_word(status),), f"{_word(status)}: {_text(details)}"
    if status == 401:
        return ("unauthorized",), "unauthorized: authentication required"
    if status == 429:
        return ("toomanyrequests",), f"toomanyrequests: {_text(body) or 'too many requests'}"
    shown = _text(body)
    return (), f"received unexpected HTTP status: {status_line(status)}" + (f": {shown}" if shown else "")


def _code(error: dict[str, Any]) -> str:
    return _text(error.get("code") or "unknown").replace("_", " ").lower()


def _word(status: int) -> str:
    return {401: "unauthorized", 403: "denied", 404: "not found", 429: "toomanyrequests"}.get(status, "unknown")


def _text(value: Any) -> str:
    """A registry's words in one short line that a terminal may be shown."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * _SHOWN]).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def status_line(status: int) -> str:
    """A status with its words: 404 Not Found."""
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
