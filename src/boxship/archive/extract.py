"""Putting an archive's files into a folder, as `docker cp` does on both sides: what is there is merged or replaced.

The archive is not trusted, and neither is the folder: a `Folders` finds paths, and says how links on the way count.
Whiteouts mean nothing here.
"""

from __future__ import annotations

import os
import stat

from boxship.archive import entry as kinds
from boxship.archive.attributes import set_by_name, set_owner_and_mode, times_of
from boxship.archive.content import write_content
from boxship.archive.entry import ArchiveError, Entry, components, quoted
from boxship.archive.reader import TarReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

Path = tuple[bytes, ...]
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


if TYPE_CHECKING:

    class Folders(Protocol):
        """Folders by path, all below one root: archive/tree.py in a container, archive/plain.py on the host.

        Descriptors are good until the next call.
        """

        def folder(self, path: Path) -> int:
            """A folder, made with all that is missing above it. OSError, ArchiveError."""

        def find(self, path: Path) -> int:
            """A folder that is there. OSError."""

        def make(self, parent: int, name: bytes) -> None:
            """Make a folder. FileExistsError when there is anything."""

        def remove(self, parent: int, name: bytes) -> int:
            """Remove whatever `name` is, with all that it holds."""

        def close(self) -> None:
            """Close what is kept open."""


class Rules:
    """How to extract. owner: who everything belongs to, None for what the archive says; KEEP for whoever extracts.

    keep_kinds: no folder is replaced by what is none, and no other way round. rename: from a name in the archive to the
    one that is meant, of entries and of hard links' targets.
    """

    __slots__ = ("keep_kinds", "owner", "rename")

    def __init__(
        self,
        *,
        owner: tuple[int, int] | None = None,
        keep_kinds: bool = False,
        rename: Callable[[bytes], bytes] = lambda name: name,
    ) -> None:
        self.owner = owner
        self.keep_kinds = keep_kinds
        self.rename = rename


KEEP = (-1, -1)
"""An owner that chown(2) leaves as it is."""


def extract(reader: TarReader, folders: Folders, target: bytes, rules: Rules) -> None:
    """Put all entries into the root of `folders`, which messages name `target`: nothing outside of it is touched.

    ArchiveError and OSError with what was put in before it; it stays, as with Docker.
    """
    extractor = _Extractor(reader, folders, target, rules)
    try:
        for entry in reader:
            extractor.add(entry)
        extractor.set_folder_times()
    finally:
        folders.close()


class _Extractor:
    def __init__(self, reader: TarReader, folders: Folders, target: bytes, rules: Rules) -> None:
        self.reader = reader
        self.folders = folders
        self._target = target
        self._rules = rules
        self._times: dict[Path, int] = {}

    def add(self, entry: Entry) -> None:
        entry.path = self._rules.rename(entry.path)
        path = _parts(entry.path, f"invalid entry name {entry.shown}")
        if self._rules.owner is not None:
            entry.uid, entry.gid = self._rules.owner
        if not path:
            # The folder itself stays as it is.
            return
        try:
            self._make(entry, path)
        except OSError as error:
            error.filename = os.fsdecode(b"/".join(path))
            raise

    def set_folder_times(self) -> None:
        """Last of all: making a file changes the time of its folder."""
        for path, mtime_ns in self._times.items():
            try:
                os.utime(self.folders.find(path), ns=times_of(mtime_ns))
            except FileNotFoundError:
                continue  # the container removed it meanwhile

    def _make(self, entry: Entry, path: Path) -> None:
        parent, last = self.folders.folder(path[:-1]), path[-1]
        self._make_room(entry, path, parent, last)
        kind = entry.kind
        if kind == kinds.FOLDER:
            self._folder(entry, path, parent, last)
            return
        self._times.pop(path, None)
        if kind == kinds.HARDLINK:
            self._hardlink(entry, parent, last)
            return
        if kind == kinds.FILE:
            self._file(entry, parent, last)
            return
        if kind == kinds.SYMLINK:
            if not entry.link or b"\0" in entry.link:
                raise ArchiveError(f"invalid link {entry.shown}: its target is empty or has a NUL byte")
            os.symlink(entry.link, last, dir_fd=parent)
        elif kind == kinds.FIFO:
            os.mkfifo(last, 0o600, dir_fd=parent)
        elif kind in (kinds.CHARACTER, kinds.BLOCK):
            form = stat.S_IFCHR if kind == kinds.CHARACTER else stat.S_IFBLK
            os.mknod(last, form | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)
        else:
            raise ArchiveError(f"unhandled tar header type {kind}")
        set_by_name(entry, parent, last)

    def _make_room(self, entry: Entry, path: Path, parent: int, last: bytes) -> None:
        try:
            there = stat.S_ISDIR(os.lstat(last, dir_fd=parent).st_mode)
        except FileNotFoundError:
            return
        folder = entry.kind == kinds.FOLDER
        if self._rules.keep_kinds and there != folder:
            old, new = ("directory", "non-directory") if there else ("non-directory", "directory")
            raise ArchiveError(f"cannot overwrite {old} {quoted(b'/'.join(path))} with {new} {quoted(self._target)}")
        if not (there and folder):
            self.folders.remove(parent, last)

    def _file(self, entry: Entry, parent: int, last: bytes) -> None:
        fd = os.open(last, _NEW_FILE, 0o600, dir_fd=parent)
        try:
            write_content(self.reader, entry, fd)
            set_owner_and_mode(entry, fd)
            os.utime(fd, ns=times_of(entry.mtime_ns))
        finally:
            os.close(fd)

    def _folder(self, entry: Entry, path: Path, parent: int, last: bytes) -> None:
        try:
            self.folders.make(parent, last)
        except FileExistsError:
            # Merged: it gets what the archive says of it.
            pass
        set_owner_and_mode(entry, self.folders.folder(path))
        self._times[path] = entry.mtime_ns

    def _hardlink(self, entry: Entry, parent: int, last: bytes) -> None:
        link = self._rules.rename(entry.link)
        fault = f"invalid hardlink target {quoted(link)}"
        target = _parts(link, fault)
        if not target:
            raise ArchiveError(fault)
        parent = os.dup(parent)  # finding the target may close it
        try:
            source = self.folders.find(target[:-1])
            os.link(target[-1], last, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(parent)


def _parts(name: bytes, fault: str) -> Path:
    try:
        return components(name)
    except ValueError:
        raise ArchiveError(fault) from None
