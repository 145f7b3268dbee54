"""The file tree of an image archive: its layers are stored as they come, the rest is kept until it is read."""

from __future__ import annotations

import io
import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from boxship.archive import entry as kinds
from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError, Entry
from boxship.archive.reader import TarReader
from boxship.image.arriving import Read, digest_in, looks_like_layer
from boxship.lib.errors import BoxshipError
from boxship.model import digest as digests
from boxship.storage.layers import spool

# manifest.json, index.json, manifests and configs are read whole; the largest ones known have some 100 KB.
_LARGEST_JSON = 8 << 20
# So much of small members is kept in memory, each of them no larger than the first number; the rest lies in files.
_SMALL = 256 << 10
_IN_MEMORY = 16 << 20


class Layers(Protocol):
    """Who takes the members that look like layers (arriving.py)."""

    def take(self, name: str, size: int, start: bytes, read: Read, /) -> tuple[str, str]:
        """Store one: its diff id, and the digest of the member itself."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A member's content: in memory, in a file of ours, or stored as a layer; or why it could not be stored."""

    size: int
    digest: str
    data: bytes | None = None
    path: str = ""
    diff_id: str = ""
    failure: BoxshipError | None = None

    def open(self) -> BinaryIO:
        """The content as a stream; ArchiveError when it was stored as a layer."""
        if self.failure is not None:
            raise self.failure
        if self.data is not None:
            return io.BytesIO(self.data)
        if self.diff_id:
            raise ArchiveError("a layer of the archive stands where metadata should be")
        return open(self.path, "rb", buffering=0)


class Bundle:
    """An archive's regular files by name; links are resolved within the archive.

    A context: its files are deleted at its end.
    """

    def __init__(self, read: Read, new_path: Callable[[], str], layers: Layers | None = None) -> None:
        """Reads the archive to its end. read: the archive, compressed or not; new_path: gives paths for members that
        are large and no layers. ArchiveError when it is damaged.
        """
        self._files: dict[str, Member] = {}
        self._links: dict[str, str] = {}
        self._new_path = new_path
        self._layers = layers
        self._in_memory = 0
        try:
            reader = TarReader(Inflated(read).read)
            for entry in reader:
                self._add(reader, entry)
            reader.drain()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def member(self, name: str) -> Member:
        """A member. ArchiveError when there is none, or when its name is a digest that is not its own."""
        found = self._find(name)
        if found is None:
            raise ArchiveError(f"the archive has no file {name}")
        digest = digest_in(name)
        if found.failure is None and digest.startswith("sha256:") and found.digest != digest:
            raise ArchiveError(f"{name} is damaged: its digest is {found.digest}")
        return found

    def json(self, name: str) -> bytes:
        """A small member, whole. ArchiveError when it is missing or too large to be what it should be."""
        found = self.member(name)
        if found.size > _LARGEST_JSON:
            raise ArchiveError(f"{name} has {found.size} bytes: that is no image metadata")
        with found.open() as stream:
            return stream.read()

    def close(self) -> None:
        """Delete all that lies in files."""
        for member in self._files.values():
            _delete(member)
        self._files.clear()

    def _add(self, reader: TarReader, entry: Entry) -> None:
        name = posixpath.normpath("/" + entry.path.decode("utf-8", "surrogateescape")).lstrip("/")
        link = entry.link.decode("utf-8", "surrogateescape")
        if entry.kind == kinds.FILE and entry.sparse is None:
            # Archives are appended to: of two members with one name the later counts.
            if (old := self._files.pop(name, None)) is not None:
                _delete(old)
            self._files[name] = self._keep(name, entry.size, reader.read)
        elif entry.kind == kinds.HARDLINK:
            self._links[name] = link
        elif entry.kind == kinds.SYMLINK:
            self._links[name] = posixpath.join(posixpath.dirname(name), link)

    def _keep(self, name: str, size: int, read: Read) -> Member:
        start = b""
        while len(start) < 512 and (more := read(512 - len(start))):
            start += more
        if self._layers is not None and looks_like_layer(start):
            try:
                diff_id, digest = self._layers.take(name, size, start, read)
            except ArchiveError as error:
                return Member(size, "", failure=error)  # who asks for it is told; perhaps nobody does
            return Member(size, digest, diff_id=diff_id)
        if size <= _SMALL and self._in_memory + size <= _IN_MEMORY:
            pieces = [start]
            while more := read(_SMALL):
                pieces.append(more)
            data = b"".join(pieces)
            self._in_memory += size
            return Member(size, digests.sha256(data), data=data)
        first = [start]
        file = spool(lambda limit: first.pop() if first else read(limit), self._new_path())
        return Member(file.size, file.digest, path=file.path)

    def _find(self, name: str) -> Member | None:
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            name = posixpath.normpath("/" + name).lstrip("/")
            if (file := self._files.get(name)) is not None:
                return file
            if (target := self._links.get(name)) is None:
                return None
            name = target
        raise BoxshipError(f"the archive's link {name} leads back to itself")


def _delete(member: Member) -> None:
    try:
        if member.path:
            os.unlink(member.path)
    except FileNotFoundError:
        pass
