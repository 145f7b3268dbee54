"""Blobs on their way to a registry (OCI distribution spec, "Pushing blobs")."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

from boxship.registry.errors import RegistryError, Untrusted
from boxship.registry.session import Session, Upload, discard, joined, origin
from boxship.registry.transport import Answer

T = TypeVar("T")

_OCTETS = {"Content-Type": "application/octet-stream"}


def send_known(session: Session, path: str, scopes: tuple[str, ...], digest: str, body: Upload) -> None:
    """POST, then all of it in one PUT; from the start again when that breaks. RegistryError."""

    def once() -> None:
        place = _begin(session, path, scopes)
        url = _with_digest(place, digest)
        answer = session.request("PUT", url, scopes=scopes, expect=(201, 204), headers=_OCTETS, body=body, again=False)
        discard(answer)

    _again(session, once)


def send_stream(
    session: Session,
    path: str,
    scopes: tuple[str, ...],
    open_source: Callable[[], Iterable[bytes]],
    finish: Callable[[], str],
) -> str:
    """POST, PATCH with pieces as they come, PUT with the digest; the digest. RegistryError."""

    def once() -> str:
        place = _begin(session, path, scopes)
        body = Upload(lambda: _whole(open_source), None)
        answer = session.request(
            "PATCH", place, scopes=scopes, expect=(202, 204), headers=_OCTETS, body=body, again=False
        )
        discard(answer)
        place = _place(session, answer, place)
        digest = finish()
        empty = Upload(lambda: b"", 0)
        answer = session.request(
            "PUT",
            _with_digest(place, digest),
            scopes=scopes,
            expect=(201, 204),
            headers=_OCTETS,
            body=empty,
            again=False,
        )
        discard(answer)
        return digest

    return _again(session, once)


def cancel(session: Session, answer: Answer, scopes: tuple[str, ...]) -> None:
    """Tell the registry that an upload it has begun will not come. RegistryError."""
    place = _place(session, answer, session.base())
    discard(session.request("DELETE", place, scopes=scopes, expect=(204, 202, 200, 404, 405), again=False))


def _begin(session: Session, path: str, scopes: tuple[str, ...]) -> str:
    answer = session.request("POST", path, scopes=scopes, expect=(202,), body=Upload(lambda: b"", 0))
    discard(answer)
    return _place(session, answer, f"{session.base()}/v2/{path}")


def _place(session: Session, answer: Answer, url: str) -> str:
    """Where an upload goes on: the Location, which may be relative."""
    location = answer.headers.get("location", "")
    if not location:
        raise Untrusted(f"the registry {session.endpoint.host} takes an upload and does not say where (no Location)")
    place = joined(url, location)
    here, there = urlsplit(session.base()), urlsplit(place)
    if here.scheme == "https" and there.scheme == "http":
        if there.hostname != here.hostname:
            raise Untrusted(f"the registry {session.endpoint.host} wants an upload sent without encryption: not done")
        # A proxy in front of the registry has not told it that it is spoken to by TLS.
        place = there._replace(scheme="https", netloc=here.netloc).geturl()
    if origin(place)[0] not in ("http", "https"):
        raise Untrusted(f"the registry {session.endpoint.host} wants an upload sent to {there.scheme}: not done")
    return place


def _with_digest(place: str, digest: str) -> str:
    return f"{place}{'&' if urlsplit(place).query else '?'}digest={digest}"


def _whole(open_source: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    for piece in open_source():
        if piece:
            yield piece


def _again(session: Session, once: Callable[[], T]) -> T:
    attempt = 1
    while True:
        try:
            return once()
        except RegistryError as error:
            pause = session.pause_after(error, attempt)
            if pause is None:
                raise
        session.transport.pause(pause)
        attempt += 1
