"""Layers on their way in from an archive: stored as they pass, before it is known which image they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from boxship.archive.compression import Inflated, detect
from boxship.lib.ids import short_id
from boxship.model import digest as digests

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

Progress = Callable[[str, int, int], None]
"""Told the short id of a layer, how many bytes of it are done, and how many there are."""

Read = Callable[[int], bytes]
_CHUNK = 1 << 18
_MAGIC = slice(257, 262)
# What a tar's first block is when the layer has no entries.
_BLANK = bytes(512)


def looks_like_layer(start: bytes) -> bool:
    """Whether what begins so is a tar, or compressed: image metadata are JSON."""
    return start[_MAGIC] == b"ustar" or detect(start) != "" or start == _BLANK


class Arriving:
    """Takes layers and keeps them until the end of the context; those that no image has by then go again.

    For one thread.
    """

    def __init__(self, store: ImageStore, progress: Progress | None = None) -> None:
        self._store = store
        self._progress = progress
        self._held = ExitStack()
        self._taken: list[str] = []
        self.new: set[str] = set()
        """The diff ids of the layers that were not here before."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
        self._store.collect(self._taken)

    def keep(self, diff_ids: list[str]) -> None:
        """Whatever is removed meanwhile: these layers stay, if they are here, until the context ends."""
        self._held.enter_context(self._store.keep(diff_ids))
        self._taken += diff_ids

    def take(self, name: str, size: int, start: bytes, read: Read) -> tuple[str, str]:
        """Store a member of an archive as a layer: its diff id, and the digest of the member itself.

        name: where a digest is part of it, a layer that is here already is passed over unread. start: its first
        bytes; read: the rest. ArchiveError when it is damaged or no layer.
        """
        digest = digest_in(name)
        compressed = detect(start) != ""
        if digest and not compressed:
            self.keep([digest])
            if self._store.snapshotter.layer(digest) is not None:
                return digest, digest
        source = _Counted(start, read, self._tell(digest, size), hashed=compressed)
        with self._store.snapshotter.begin() as writer:
            inflated = Inflated(source.read)
            while data := inflated.read(_CHUNK):
                writer.write(data)
            diff_id = writer.diff_id
            self.keep([diff_id])
            if self._store.snapshotter.layer(diff_id) is None:
                writer.commit(diff_id)
                self.new.add(diff_id)
                if self._progress is not None and not (digest and not compressed):
                    self._progress(short_id(diff_id), size, size)
        return diff_id, source.digest or diff_id

    def _tell(self, digest: str, size: int) -> Callable[[int], None] | None:
        if self._progress is None or not digest:
            return None
        progress, name = self._progress, short_id(digest)
        return lambda done: progress(name, done, size)


def digest_in(name: str) -> str:
    """The digest that a member of an OCI layout is named by, "" for other names (image-layout.md)."""
    folder, _, value = name.rpartition("/")
    algorithm = folder.removeprefix("blobs/")
    digest = f"{algorithm}:{value}"
    return digest if folder.startswith("blobs/") and digests.is_digest(digest) else ""


class _Counted:
    """A stream that begins with bytes that were read already, and counts, and hashes if it is to."""

    def __init__(self, start: bytes, read: Read, tell: Callable[[int], None] | None, *, hashed: bool) -> None:
        self._start = start
        self._read = read
        self._tell = tell
        self._hash = hashlib.sha256() if hashed else None
        self._done = 0

    @property
    def digest(self) -> str:
        """Of all that was read; "" when it is not hashed."""
        return f"sha256:{self._hash.hexdigest()}" if self._hash is not None else ""

    def read(self, size: int) -> bytes:
        data, self._start = (self._start, b"") if self._start else (self._read(size), b"")
        if self._hash is not None:
            self._hash.update(data)
        self._done += len(data)
        if self._tell is not None and self._done > len(_BLANK):  # not for the bytes that were looked at
            self._tell(self._done)
        return data
