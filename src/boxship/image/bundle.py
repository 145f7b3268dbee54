"""The file tree of an image archive: its members lie in temporary files until the images are read from them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable

from boxship.archive import entry as kinds
from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError
from boxship.archive.reader import TarReader
from boxship.lib.errors import BoxshipError
from boxship.storage.layers import Spooled, spool

# manifest.json, index.json, manifests and configs are read whole; the largest ones known have some 100 KB.
_LARGEST_JSON = 8 << 20
# OCI image-layout.md: the files below it are named by their digests.
_BLOBS = "blobs/sha256/"


class Bundle:
    """An archive's regular files by name, each with its digest; links are resolved within the archive.

    A context: what was not taken is deleted at its end.
    """

    def __init__(self, read: Callable[[int], bytes], new_path: Callable[[], str]) -> None:
        """Reads the archive to its end. read: the archive, compressed or not; new_path: gives paths for the members.

        ArchiveError when it is damaged.
        """
        self._files: dict[str, Spooled] = {}
        self._links: dict[str, str] = {}
        try:
            reader = TarReader(Inflated(read).read)
            for entry in reader:
                name = posixpath.normpath("/" + entry.path.decode("utf-8", "surrogateescape")).lstrip("/")
                link = entry.link.decode("utf-8", "surrogateescape")
                if entry.kind == kinds.FILE and entry.sparse is None:
                    self._drop(name)
                    self._files[name] = spool(reader.read, new_path())
                elif entry.kind == kinds.HARDLINK:
                    self._links[name] = link
                elif entry.kind == kinds.SYMLINK:
                    self._links[name] = posixpath.join(posixpath.dirname(name), link)
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

    def file(self, name: str) -> Spooled:
        """A member's file. ArchiveError when there is none, or when its name is a digest that is not its own."""
        found = self._find(name)
        if found is None:
            raise ArchiveError(f"the archive has no file {name}")
        if name.startswith(_BLOBS) and found.digest.removeprefix("sha256:") != name.removeprefix(_BLOBS):
            raise ArchiveError(f"{name} is damaged: its digest is {found.digest}")
        return found

    def json(self, name: str) -> bytes:
        """A small member, whole. ArchiveError when it is missing or too large to be what it should be."""
        file = self.file(name)
        if file.size > _LARGEST_JSON:
            raise ArchiveError(f"{name} has {file.size} bytes: that is no image metadata")
        with open(file.path, "rb") as stream:
            return stream.read()

    def close(self) -> None:
        """Delete all that is still there."""
        for file in self._files.values():
            try:
                os.unlink(file.path)
            except FileNotFoundError:
                pass
        self._files.clear()

    def _find(self, name: str) -> Spooled | None:
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

    def _drop(self, name: str) -> None:
        # Archives are appended to: of two members with one name the later counts.
        if (old := self._files.pop(name, None)) is not None:
            os.unlink(old.path)
