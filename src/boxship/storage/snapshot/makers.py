"""What is made of a layer's tar: folders with its files, or an index of it. Who does the work is the caller's choice:
the daemon has workers do it (app/workers.py); the functions here do it in the calling thread.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from boxship.archive.reader import TarReader
from boxship.archive.unpack import unpack

if TYPE_CHECKING:
    from boxship.archive.erofs.scan import LayerScanner

# (path of an uncompressed tar, path of an empty folder) -> size of the files in bytes. ArchiveError, OSError.
Unpacker = Callable[[str, str], int]
# (path of an uncompressed tar, path of a new file) -> size of the files in bytes. ArchiveError, OSError.
Indexer = Callable[[str, str], int]
# ((path of an index, path of its tar) of each layer, lowest first; path of a new file). ArchiveError, OSError.
Merger = Callable[[Sequence[tuple[str, str]], str], None]


class Watch(Protocol):
    """Looks at a layer's tar while it is written. `close` must follow, whatever happens."""

    def feed(self, data: bytes, /) -> None:
        """These bytes have been written next. ArchiveError when the tar is damaged or hostile."""
        ...

    def finish(self, tar: str, out: str, /) -> int:
        """The tar is whole, and lies at `tar` now: make its index, the new file `out`; the size of its files in bytes.

        ArchiveError, BoxshipError, OSError.
        """
        ...

    def close(self) -> None:
        """Let go of all that it holds; to be called once more does nothing."""
        ...


# The path of a tar that is about to be written -> who looks at it meanwhile.
Watcher = Callable[[str], Watch]


@dataclass(frozen=True, slots=True)
class Makers:
    """The kinds of work. watch: as index, for a tar that is being written."""

    unpack: Unpacker
    index: Indexer
    merge: Merger
    watch: Watcher


class Form(Protocol):
    """A form of a layer beside its tar. name: of the file or folder in the layer's folder."""

    name: str
    synced: bool
    """Whether a power cut does no harm to what `make` has made."""

    def watch(self, tar: str) -> Watch | None:
        """Who may look at a tar while it is written there, so that `make` need not look at it again."""
        ...

    def make(self, tar: str, path: str, watched: Watch | None = None) -> int:
        """Make it at the new path; the size of the layer's files in bytes. ArchiveError, OSError.

        watched: has seen the whole tar.
        """
        ...


class Folder:
    """The files themselves, as overlayfs takes them for a lower folder."""

    name = "diff"
    synced = False

    def __init__(self, unpacker: Unpacker) -> None:
        self._unpack = unpacker

    def watch(self, tar: str) -> Watch | None:
        """See `Form.watch`."""
        return None

    def make(self, tar: str, path: str, watched: Watch | None = None) -> int:
        """See `Form.make`."""
        # Whatever the umask is: it becomes the root of containers.
        os.mkdir(path)
        os.chmod(path, 0o755)
        return self._unpack(tar, path)


class Index:
    """The tree of the files, whose data stays in the tar (archive/erofs/). A torn one is known by its checksum, and is
    made again.
    """

    name = "layer.index"
    synced = True

    def __init__(self, indexer: Indexer, watcher: Watcher) -> None:
        self._index = indexer
        self._watch = watcher

    def watch(self, tar: str) -> Watch | None:
        """See `Form.watch`."""
        return self._watch(tar)

    def make(self, tar: str, path: str, watched: Watch | None = None) -> int:
        """See `Form.make`."""
        return self._index(tar, path) if watched is None else watched.finish(tar, path)


def unpack_here(tar: str, folder: str) -> int:
    """An `Unpacker`."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with open(tar, "rb", buffering=0) as file:
            return unpack(TarReader(file.read), fd)
    finally:
        os.close(fd)


def index_here(tar: str, out: str) -> int:
    """An `Indexer`."""
    from boxship.archive.erofs.scan import index_layer

    return index_layer(tar, out).size


def merge_here(layers: Sequence[tuple[str, str]], out: str) -> None:
    """A `Merger`."""
    from boxship.archive.erofs.merge import LayerFiles, merge

    merge([LayerFiles(index, tar) for index, tar in layers], out)


def watch_here(tar: str) -> Watch:
    """A `Watcher`."""
    from boxship.archive.erofs.scan import LayerScanner

    return _Scan(LayerScanner())


class _Scan:
    def __init__(self, scanner: "LayerScanner") -> None:
        self._scanner = scanner

    def feed(self, data: bytes) -> None:
        self._scanner.feed(data)

    def finish(self, tar: str, out: str) -> int:
        return self._scanner.finish(out).size

    def close(self) -> None:
        pass


HERE = Makers(unpack_here, index_here, merge_here, watch_here)
