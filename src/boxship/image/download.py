"""A file from the web, for import: redirects are followed, errors told in the words of Docker's users."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import HTTPError

from boxship.lib.errors import BoxshipError, Forbidden, InvalidParameter, NotFound, Unauthorized
from boxship.registry.errors import RegistryError, status_line
from boxship.registry.faults import translate
from boxship.registry.transport import Answer, Transport

_MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_SHOWN = 512


class File:
    """What is being downloaded. size: its bytes, 0 when the server does not say."""

    def __init__(self, answer: Answer, url: str) -> None:
        self._answer = answer
        self._url = url
        self._came = 0
        length = answer.headers.get("Content-Length", "")
        self.size = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end. Unreachable; BoxshipError when it ends early."""
        try:
            data: bytes = self._answer.read(size)
        except (HTTPError, OSError) as error:
            parts = urlsplit(self._url)
            raise translate(error, "GET", self._url, parts.hostname or "", parts.port or 0) from error
        self._came += len(data)
        if not data and self._came < self.size:
            raise BoxshipError(f"cannot import {self._url}: it ended after {self._came} of {self.size} bytes")
        return data


def full_url(source: str) -> str:
    """A source as people write it, with http:// where no scheme is given, as Docker has it. InvalidParameter for one
    whose host or port is none, in the words of Go's net/url.
    """
    url = source if "://" in source else f"http://{source}"
    fault = _fault(re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2])
    if fault:
        raise InvalidParameter(f'parse "{url}": {fault}')
    return url


def _fault(host: str) -> str:
    """What is wrong with HOST[:PORT]; "" for nothing."""
    for letter in host:
        if letter in ' <>"\\^`{|}':
            return f'invalid character "{letter}" in host name'
    if host.startswith("["):
        inner, closed, port = host[1:].rpartition("]")
        if not closed:
            return "missing ']' in host"
        try:
            ipaddress.IPv6Address(inner.partition("%25")[0])
        except ValueError:
            return f'invalid host: ParseAddr("{inner}"): unable to parse IP'
    else:
        port = ":" + host.rpartition(":")[2] if ":" in host else ""
    if port and not (port[0] == ":" and (port == ":" or (port[1:].isascii() and port[1:].isdecimal()))):
        return f'invalid port "{port}" after host'
    return ""


@contextmanager
def download(transport: Transport, url: str) -> Iterator[File]:
    """The file at a URL. NotFound, Forbidden, Unauthorized, BoxshipError for other answers; Unreachable."""
    here = url
    for _ in range(_MOST_REDIRECTS):
        answer = transport.open("GET", here, headers={})
        try:
            if answer.status in _REDIRECTS and (target := answer.headers.get("Location")):
                here = urljoin(here, target)
                continue
            if answer.status >= 400:
                raise _refused(answer, here)
            yield File(answer, here)
            return
        finally:
            answer.release_conn()
            answer.close()
    raise RegistryError(f'Get "{url}": stopped after {_MOST_REDIRECTS} redirects', url=url)


def _refused(answer: Answer, url: str) -> BoxshipError:
    text = answer.read(_SHOWN).decode("utf-8", "replace").strip()
    message = f"failed to GET {url} with status {status_line(answer.status)}: {text}"
    kind = {401: Unauthorized, 403: Forbidden, 404: NotFound}.get(answer.status, BoxshipError)
    return kind(message)
