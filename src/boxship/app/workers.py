"""What the storage has done in workers: confined forks of the zygote, never threads of the daemon."""

import errno
import os
import time
from collections.abc import Sequence

from boxship.app.index_jobs import INDEX
from boxship.archive.entry import ArchiveError
from boxship.lib.errors import BoxshipError
from boxship.runtime.launch import Launcher, Work, WorkFailed
from boxship.storage.removal import Bin, delete
from boxship.storage.snapshot.makers import Indexer, Makers, Merger, Unpacker, Watcher, index_here, merge_here

# Bytes of a tar, and of all layers' indexes, that are worth a worker.
_SMALL = 2 << 20
_SMALL_INDEXES = 128 << 10
# How often, and how many seconds apart, a folder is tried that a worker is about to leave.
_TRIES, _PAUSE = 100, 0.02

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def makers(launcher: Launcher) -> Makers:
    """What makes layers usable; to be called in threads of the pools. Small layers are indexed in the thread."""
    return Makers(_unpacker(launcher), _indexer(launcher), _merger(launcher), _watcher(launcher))


def _unpacker(launcher: Launcher) -> Unpacker:
    def unpack(tar: str, folder: str) -> int:
        source = os.open(tar, os.O_RDONLY | os.O_CLOEXEC)
        try:
            root = os.open(folder, _FOLDER)
            try:
                size: int = launcher.work_from_thread("unpack", {}, [root, source])
            except WorkFailed as failed:
                raise _original(failed, "unpacking") from failed
            finally:
                os.close(root)
        finally:
            os.close(source)
        return size

    return unpack


def _indexer(launcher: Launcher) -> Indexer:
    def index(tar: str, out: str) -> int:
        watch = _Watch(launcher, tar)
        try:
            watch.scan()
            return watch.finish(tar, out)
        finally:
            watch.close()

    return index


def _watcher(launcher: Launcher) -> Watcher:
    return lambda tar: _Watch(launcher, tar)


def _merger(launcher: Launcher) -> Merger:
    def merge(layers: Sequence[tuple[str, str]], out: str) -> None:
        if sum(os.path.getsize(index) for index, _ in layers) < _SMALL_INDEXES:
            merge_here(layers, out)
            return
        # All layers lie below one folder, which the worker is confined to.
        folder = os.path.dirname(os.path.dirname(layers[0][0]))
        made = Bin(folder).new_name()
        paths = [[os.path.relpath(path, folder) for path in layer] for layer in layers]
        root = os.open(folder, _FOLDER)
        try:
            launcher.work_from_thread("merge_indexes", {"layers": paths, "out": os.path.basename(made)}, [root])
            os.rename(made, out)
        except WorkFailed as failed:
            raise _original(failed, "making an image's index") from failed
        finally:
            os.close(root)
            delete(made)

    return merge


class _Watch:
    """A worker that scans a tar while it grows: see `index_jobs.index_layer`. A small tar is scanned at its end."""

    def __init__(self, launcher: Launcher, tar: str) -> None:
        self._launcher = launcher
        self._tar = tar
        self._size = 0
        self._root = ""
        self._work: Work | None = None
        self._tell = -1
        self._done: int | None = None

    def feed(self, data: bytes) -> None:
        """See `Watch.feed`."""
        self._grown(len(data))

    def finish(self, tar: str, out: str) -> int:
        """See `Watch.finish`."""
        if self._work is None:
            return index_here(tar, out)
        if self._done is None:
            self._hang_up()
            self._done = self._result()
        os.rename(f"{self._root}/{INDEX}", out)
        return self._done

    def close(self) -> None:
        """See `Watch.close`."""
        self._hang_up()
        if self._work is not None:
            self._launcher.end_from_thread(self._work)
        if self._root:
            _delete_soon(self._root)

    def scan(self) -> None:
        """Look at a tar that is there already."""
        self._grown(os.path.getsize(self._tar))

    def _grown(self, size: int) -> None:
        self._size += size
        if self._work is None:
            if self._size > _SMALL:
                self._begin()
        elif self._done is None:
            try:
                os.write(self._tell, b"\n")
            except BlockingIOError:
                pass  # it has enough to wake up for
            except BrokenPipeError:
                # It has seen the end, and behind it comes nothing but padding; or it has failed.
                self._done = self._result()

    def _begin(self) -> None:
        self._root = Bin(os.path.dirname(self._tar)).new_name()
        os.mkdir(self._root, 0o700)
        root = os.open(self._root, _FOLDER)
        tar = os.open(self._tar, os.O_RDONLY | os.O_CLOEXEC)
        told, self._tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(told, True)
        try:
            self._work = self._launcher.begin_from_thread("index_layer", {}, [root, tar, told])
        finally:
            for fd in (root, tar, told):
                os.close(fd)

    def _result(self) -> int:
        assert self._work is not None
        try:
            size: int = self._launcher.result_from_thread(self._work)
        except WorkFailed as failed:
            raise _original(failed, "indexing") from failed
        return size

    def _hang_up(self) -> None:
        if self._tell >= 0:
            os.close(self._tell)
            self._tell = -1


def _original(failed: WorkFailed, what: str) -> Exception:
    if failed.kind == "ArchiveError":
        return ArchiveError(failed.message)
    if failed.errno:
        return OSError(failed.errno, os.strerror(failed.errno))
    return BoxshipError(f"{what} failed in its worker: {failed.kind}: {failed.message}")


def _delete_soon(folder: str) -> None:
    """Delete a folder that a worker may still write to: it was let go of, and ends as soon as it looks up.

    What is there after all goes at the next start: its name is hidden.
    """
    for _ in range(_TRIES):
        try:
            delete(folder)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            time.sleep(_PAUSE)
        else:
            return
