"""A blob on its way here: read in order, and gone on with where a connection broke."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from urllib3.exceptions import HTTPError

from boxship.lib.errors import InvalidParameter
from boxship.model import digest as digests
from boxship.registry.errors import Aborted, RegistryError, Unreachable, Untrusted
from boxship.registry.faults import translate
from boxship.registry.limits import Patience
from boxship.registry.transport import Answer, Transport

Opener = Callable[[int], Answer]
"""Opens the blob from an offset: 200 from its beginning, 206 from there."""

PROGRESS = 1 << 20
"""A connection that has brought so many bytes was a good one: what breaks after it is the first failure again."""
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class BlobStream:
    """The bytes of a blob from an offset on. Not for two threads at once; `close` may come from another.

    Nothing is checked here but the length: whoever reads checks the digest (`Verified`, `read_whole`).
    """

    def __init__(
        self, opener: Opener, transport: Transport, patience: Patience, digest: str, size: int, offset: int = 0
    ) -> None:
        """size: of the whole blob, in bytes, as its descriptor says. Nothing is asked before the first read."""
        self.digest = digest
        self.size = size
        self.place = offset
        self._opener = opener
        self._transport = transport
        self._patience = patience
        self._answer: Answer | None = None
        self._failures = 0
        self._since_failure = 0
        self._closed = False

    def read(self, size: int = 1 << 20, /) -> bytes:
        """Up to `size` bytes, b"" only at the end. RegistryError when it can't be had; Untrusted for a wrong length."""
        wanted = min(size, self.size - self.place)
        while wanted > 0:
            try:
                data = self._current().read(wanted)
                if not data:
                    raise EOFError("unexpected EOF")
            except (HTTPError, OSError, EOFError, ValueError) as error:
                self._broken(error)
                continue
            self.place += len(data)
            self._since_failure += len(data)
            if self._since_failure >= PROGRESS:
                self._failures = 0
            if self.place == self.size:
                self._finish()
            return data
        return b""

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, or what is left for it; how many bytes came, 0 only at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give the connection up. Harmless when it was."""
        self._closed = True
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()

    def __enter__(self) -> "BlobStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _current(self) -> Answer:
        if self._closed:
            raise Aborted("the blob was closed while it was read")
        if self._answer is None:
            answer = self._opener(self.place)
            try:
                self._answer = self._placed(answer)
            except BaseException:
                answer.close()
                raise
        return self._answer

    def _placed(self, answer: Answer) -> Answer:
        """The answer, read up to our place. Untrusted when it is another length or another part."""
        where, left = 0, self.size
        if answer.status == 206:
            match = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
            if match is None or int(match[1]) != self.place:
                raise Untrusted(f"{self.digest}: the registry sent another part than the one from byte {self.place}")
            if match[3] != "*" and int(match[3]) != self.size:
                raise self._wrong_length(int(match[3]))
            where, left = self.place, self.size - self.place
        told = answer.headers.get("content-length", "")
        if told.isdigit() and len(told) < 20 and int(told) != left:
            raise self._wrong_length(where + int(told))
        skip = self.place - where
        while skip:
            data = answer.read(min(skip, 1 << 20))
            if not data:
                raise EOFError("unexpected EOF")
            skip -= len(data)
        return answer

    def _wrong_length(self, told: int) -> Untrusted:
        return Untrusted(f"{self.digest} has {told} bytes at the registry; its manifest says {self.size}")

    def _finish(self) -> None:
        """The end: one byte more would be one too many, and the connection may serve again."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        try:
            more = answer.read(1)
        except (HTTPError, OSError, ValueError):
            # All of it is here; only the connection is of no more use.
            answer.close()
            return
        if more:
            answer.close()
            raise Untrusted(f"{self.digest} has more bytes at the registry than the {self.size} its manifest says")
        answer.release_conn()

    def _broken(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()
        if self._transport.aborted or self._closed:
            raise Aborted("the operation was broken off") from None
        self._failures += 1
        self._since_failure = 0
        pause = self._patience.pause(self._failures, None)
        if pause is None:
            why = translate(error, "GET", self.digest, "", 0).message.partition('": ')[2]
            raise Unreachable(
                f"{self.digest} broke off at byte {self.place} of {self.size}, {self._failures} times in a row: {why}"
            ) from error
        self._transport.pause(pause)


class Verified:
    """A stream of bytes that ends well only when they are the ones its digest names."""

    def __init__(self, stream: BlobStream) -> None:
        self._stream = stream
        algorithm = stream.digest.partition(":")[0]
        if algorithm not in digests.LENGTHS:
            raise InvalidParameter("unsupported digest algorithm")
        self._hash = hashlib.new(algorithm)

    def read(self, size: int = 1 << 20, /) -> bytes:
        """As BlobStream.read. Untrusted at the end when the digest is another."""
        data = self._stream.read(size)
        self._hash.update(data)
        if self._stream.place == self._stream.size and size:
            check_digest(self._stream.digest, self._hash.hexdigest())
        return data


def check_digest(digest: str, found: str) -> None:
    """Untrusted unless `found`, hexadecimal digits, is what `digest` says."""
    algorithm, _, expected = digest.partition(":")
    if found != expected:
        raise Untrusted(f"filesystem layer verification failed for digest {digest}: it is {algorithm}:{found}")


def read_whole(stream: BlobStream, limit: int) -> bytes:
    """A small blob, checked. RegistryError when it is longer than `limit` bytes."""
    if stream.size > limit:
        raise RegistryError(f"{stream.digest} has {stream.size} bytes; at most {limit} are taken of such a blob")
    with stream:
        verified = Verified(stream)
        pieces = []
        while data := verified.read():
            pieces.append(data)
        if not stream.size:
            verified.read()
        return b"".join(pieces)
