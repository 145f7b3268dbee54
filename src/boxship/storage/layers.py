"""A layer on its way in: its uncompressed tar is written beside the store while its digest is taken."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from boxship.lib.errors import BoxshipError

_CHUNK = 1 << 20


class Readable(Protocol):
    """What archives come from: a file, a pipe, the body of a request."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is in the store. size: bytes of its files as Docker counts them; tar_size: of its tar."""

    diff_id: str
    size: int
    tar_size: int


@dataclass(frozen=True, slots=True)
class Spooled:
    """A stream that was written to a file of ours. digest: "sha256:…" of its bytes; size: how many."""

    path: str
    digest: str
    size: int


def spool(read: Callable[[int], bytes], path: str, progress: Callable[[int], None] | None = None) -> Spooled:
    """Write a stream to the new file `path` and take its digest.

    read: gives up to n bytes, b"" at the end. progress: is told how many bytes have come.
    When reading or writing fails, the file is removed; errors of `read` go on, those of the disk are BoxshipError.
    """
    digest = hashlib.sha256()
    size = 0
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        while data := read(_CHUNK):
            digest.update(data)
            size += len(data)
            _write(fd, path, data)
            if progress is not None:
                progress(size)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(fd)
    return Spooled(path, f"sha256:{digest.hexdigest()}", size)


def _write(fd: int, path: str, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> BoxshipError:
    return BoxshipError(f"cannot write to {os.path.dirname(path)}: {error.strerror}")
