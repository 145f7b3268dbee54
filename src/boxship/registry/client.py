"""A registry, and a repository in it (OCI distribution spec v1.1). Synchronous; any thread may use them."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlencode

from urllib3.exceptions import HTTPError

from boxship.model import digest as digests
from boxship.registry import upload as uploads
from boxship.registry.blob import BlobStream, read_whole
from boxship.registry.config import RegistryConfig
from boxship.registry.credentials import NOBODY, Credentials
from boxship.registry.errors import (
    Aborted,
    AccessDenied,
    AuthenticationRequired,
    ContentMissing,
    RegistryError,
    Unreachable,
    Untrusted,
)
from boxship.registry.limits import RateLimit
from boxship.registry.session import Notice, Session, Upload, discard
from boxship.registry.transport import Answer, Body, Transport

T = TypeVar("T")

LARGEST_MANIFEST = 4 << 20
"""Bytes; what the OCI distribution spec asks registries to take."""
LARGEST_CONFIG = 8 << 20
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a registry says of content without giving it. size: bytes."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index, byte for byte. digest: of `data`, checked."""

    media_type: str
    digest: str
    data: bytes


class Registry:
    """One registry for the time of one operation: its connections, its tokens, its mirrors.

    host: as in references ("docker.io", "localhost:5000"). notice: is told, from any thread, what is waited for.
    """

    def __init__(
        self,
        host: str,
        config: RegistryConfig,
        credentials: Credentials = NOBODY,
        *,
        notice: Notice | None = None,
    ) -> None:
        """Asks nobody yet; looks the host's name up."""
        self.host = host
        self.config = config
        self._transport = Transport(config)
        self._sessions = [
            Session(self._transport, config, endpoint, credentials, notice) for endpoint in config.endpoints(host)
        ]

    def repository(self, path: str) -> "Repository":
        """The repository ("library/busybox") in it."""
        return Repository(self, path, self._sessions, self._transport)

    def base(self) -> str:
        """The URL where the registry itself answers. Unreachable."""
        return self._sessions[-1].base()

    def fetch(self, url: str, limit: int) -> bytes:
        """What lies at a URL that is no registry's /v2/, for nobody in particular. RegistryError."""
        answer = self._transport.open("GET", url, headers={}, verify=self._sessions[-1].endpoint.verify)
        if answer.status != 200:
            discard(answer)
            raise RegistryError(f"Unexpected status code {answer.status}", status=answer.status, url=url)
        return _read_limited(answer, limit, url)

    def check_login(self) -> str:
        """Prove who we are; an identity token, where the registry gives one for the password, else "".

        AuthenticationRequired when the registry does not accept it; other RegistryErrors when it can't be asked.
        """
        return self._sessions[-1].login()

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the registry said last of its limit."""
        return next((session.rate_limit for session in reversed(self._sessions) if session.rate_limit), None)

    def abort(self) -> None:
        """From any thread: everything that waits ends with Aborted, at once."""
        self._transport.abort()

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def __enter__(self) -> "Registry":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Repository:
    """What can be asked of one repository. All raise RegistryError.

    Reading asks the mirrors first, and goes on with the one that answered; writing asks the registry itself.
    """

    def __init__(self, registry: Registry, path: str, sessions: list[Session], transport: Transport) -> None:
        self.registry = registry
        self.path = path
        self._sessions = sessions
        self._transport = transport
        self._lock = threading.Lock()
        self._first = 0
        self._pull = (f"repository:{path}:pull",)
        self._push = (f"repository:{path}:pull,push",)

    @property
    def source(self) -> str:
        """The host that answered last: the registry's, or a mirror's."""
        return self._sessions[self._first].endpoint.host

    def reach(self) -> None:
        """Ask whether the registry itself is there at all. Unreachable."""
        self._own.base()

    def manifest(self, reference: str, accept: Iterable[str] = MANIFEST_TYPES) -> Manifest:
        """The manifest of a tag or a digest. ContentMissing; Untrusted when it is not what its digest says."""
        headers = {"Accept": ", ".join(accept)}

        def ask(session: Session) -> Manifest:
            answer = session.request(
                "GET", self._manifest(reference), scopes=self._pull, expect=(200,), headers=headers
            )
            data = _read_limited(answer, LARGEST_MANIFEST, f"manifest {self.path}:{reference}")
            return _manifest(answer, data, reference)

        return self._anywhere(ask)

    def head(self, reference: str, accept: Iterable[str] = MANIFEST_TYPES) -> Descriptor | None:
        """What the registry says of a tag or a digest, without its content; None when it does not have it."""
        headers = {"Accept": ", ".join(accept)}

        def ask(session: Session) -> Descriptor | None:
            answer = session.request(
                "HEAD", self._manifest(reference), scopes=self._pull, expect=(200,), headers=headers
            )
            discard(answer)
            digest = answer.headers.get("docker-content-digest", "")
            if not digests.is_digest(digest):
                if not digests.is_digest(reference):
                    # Some registries leave the header out: the content tells.
                    found = self.manifest(reference, accept)
                    return Descriptor(found.media_type, found.digest, len(found.data))
                digest = reference
            return Descriptor(_media_type(answer), digest, _length(answer))

        try:
            return self._anywhere(ask)
        except ContentMissing:
            return None

    def open_blob(self, digest: str, size: int, offset: int = 0) -> BlobStream:
        """A blob's bytes from `offset` on; nothing is asked before the first read. size: of all of it, in bytes.

        A broken connection is gone on with where it broke, at another mirror where there is one.
        """
        digests.validate(digest)

        def opener(place: int) -> Answer:
            headers = {"Range": f"bytes={place}-"} if place else {}
            return self._anywhere(
                lambda session: session.request(
                    "GET",
                    self._blob(digest),
                    scopes=self._pull,
                    expect=(200, 206) if place else (200,),
                    headers=headers,
                )
            )

        return BlobStream(opener, self._transport, self.registry.config.patience, digest, size, offset)

    def read_blob(self, digest: str, size: int, limit: int = LARGEST_CONFIG) -> bytes:
        """A small blob as a whole, such as an image's config. Untrusted when it is not what its digest says."""
        return read_whole(self.open_blob(digest, size), limit)

    def has_blob(self, digest: str) -> int | None:
        """The size of a blob in bytes, None when the registry itself does not have it here."""
        digests.validate(digest)
        try:
            answer = self._own.request("HEAD", self._blob(digest), scopes=self._push, expect=(200,))
        except ContentMissing:
            return None
        discard(answer)
        return _length(answer)

    def mount_blob(self, digest: str, source: str) -> bool:
        """Take a blob over from another repository of the same registry (its path); False when that does not go."""
        digests.validate(digest)
        query = urlencode({"mount": digest, "from": source})
        scopes = (*self._push, f"repository:{source}:pull")
        try:
            answer = self._own.request("POST", f"{self._name}/blobs/uploads/?{query}", scopes=scopes, expect=(201, 202))
        except (AccessDenied, AuthenticationRequired, ContentMissing):
            # The other repository may be somebody else's by now; whether this one is ours, an upload will tell.
            return False
        discard(answer)
        if answer.status == 202:
            with suppress(RegistryError):
                uploads.cancel(self._own, answer, self._push)
        return answer.status == 201

    def upload_blob(self, digest: str, size: int, open_source: Callable[[], Body]) -> None:
        """Send a blob whose digest and size are known. open_source: gives its pieces from the start, each time."""
        digests.validate(digest)
        uploads.send_known(self._own, f"{self._name}/blobs/uploads/", self._push, digest, Upload(open_source, size))

    def upload_stream(self, open_source: Callable[[], Iterable[bytes]], finish: Callable[[], str]) -> str:
        """Send a blob while it is being made; its digest, checked by the registry.

        open_source: gives its pieces from the start, each time the same. finish: the digest, after the last piece.
        """
        return uploads.send_stream(self._own, f"{self._name}/blobs/uploads/", self._push, open_source, finish)

    def put_manifest(self, reference: str, media_type: str, data: bytes) -> str:
        """Send a manifest under a tag or its digest; its digest. Untrusted when the registry kept something else."""
        answer = self._own.request(
            "PUT",
            self._manifest(reference),
            scopes=self._push,
            expect=(200, 201, 202),
            headers={"Content-Type": media_type},
            body=Upload(lambda: data, len(data)),
        )
        discard(answer)
        digest = digests.sha256(data)
        told = answer.headers.get("docker-content-digest", "")
        if told.startswith("sha256:") and told != digest:
            raise Untrusted(f"the registry keeps {self.path}:{reference} as {told}; what was sent is {digest}")
        return digest

    def tags(self, n: int | None = None, last: str = "") -> list[str]:
        """The tags in the registry's order, at most `n`, after the tag `last`."""
        fields = {**({"n": str(n)} if n is not None else {}), **({"last": last} if last else {})}
        query = f"?{urlencode(fields)}" if fields else ""

        def ask(session: Session) -> list[str]:
            answer = session.request("GET", f"{self._name}/tags/list{query}", scopes=self._pull, expect=(200,))
            data = _read_limited(answer, LARGEST_MANIFEST, f"tags of {self.path}")
            try:
                return [str(tag) for tag in json.loads(data)["tags"] or []]
            except (ValueError, KeyError, TypeError, RecursionError):
                raise Untrusted(f"the registry's list of the tags of {self.path} can't be read") from None

        return self._anywhere(ask)

    @property
    def _own(self) -> Session:
        return self._sessions[-1]

    @property
    def _name(self) -> str:
        return quote(self.path, safe="/")

    def _manifest(self, reference: str) -> str:
        return f"{self._name}/manifests/{quote(reference, safe=':')}"

    def _blob(self, digest: str) -> str:
        return f"{self._name}/blobs/{digest}"

    def _anywhere(self, ask: Callable[[Session], T]) -> T:
        """Ask the mirrors, then the registry, beginning with the one that answered last."""
        with self._lock:
            first = self._first
        order = [first, *(number for number in range(len(self._sessions)) if number != first)]
        # The registry itself has the last word.
        order.sort(key=lambda number: (number == len(self._sessions) - 1 != first, number != first, number))
        for place, number in enumerate(order):
            try:
                result = ask(self._sessions[number])
            except Aborted:
                raise
            except (RegistryError, HTTPError, OSError):
                if place == len(order) - 1:
                    raise
                continue
            with self._lock:
                self._first = number
            return result
        raise Unreachable(f"nobody answers for {self.registry.host}")


def _read_limited(answer: Answer, limit: int, what: str) -> bytes:
    """A small body. RegistryError when it is longer than `limit` bytes or breaks off."""
    told = _length(answer)
    pieces: list[bytes] = []
    size = 0
    try:
        if told > limit:
            raise Untrusted(f"{what} has {told} bytes; at most {limit} are taken")
        while data := answer.read(min(1 << 20, limit + 1 - size)):
            pieces.append(data)
            size += len(data)
            if size > limit:
                raise Untrusted(f"{what} has more than {limit} bytes; no more are taken")
    except BaseException as error:
        answer.close()
        if isinstance(error, HTTPError | OSError):
            raise Unreachable(f"{what} broke off: {error}") from error
        raise
    answer.release_conn()
    return b"".join(pieces)


def _manifest(answer: Answer, data: bytes, reference: str) -> Manifest:
    told = answer.headers.get("docker-content-digest", "")
    for expected in (reference, told):
        if digests.is_digest(expected):
            algorithm, _, value = expected.partition(":")
            if hashlib.new(algorithm, data).hexdigest() != value:
                raise Untrusted(f"manifest verification failed for digest {expected}")
    digest = reference if digests.is_digest(reference) else digests.sha256(data)
    return Manifest(_media_type(answer), digest, data)


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _length(answer: Answer) -> int:
    told = answer.headers.get("content-length", "")
    return int(told) if told.isdigit() and len(told) < 20 else 0
