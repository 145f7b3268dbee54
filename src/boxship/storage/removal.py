"""Removing trees that somebody hostile may have built: no recursion, no link followed, no path too long.

Removal is a rename within one folder, so that it happens at once and whole, and then the deleting, which may take as
long as it likes: what a crash leaves has a name that begins with a dot, and `sweep` deletes it.
"""

import os
import queue
import stat
import threading
from collections.abc import Callable

from boxship.lib.errors import BoxshipError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Folders deeper than this are moved up beside the others first: file descriptors are not without end.
_DEEPEST = 64


class Bin:
    """The hidden part of a folder: what is being made and what is being removed."""

    def __init__(self, folder: str) -> None:
        """`folder` exists; all that is hidden in it (a name that begins with a dot) is the bin's."""
        self.folder = folder

    def new_name(self) -> str:
        """A path for something that is being made; renaming it publishes it."""
        return f"{self.folder}/.new.{os.urandom(8).hex()}"

    def take(self, name: str) -> str | None:
        """Make an entry of the folder vanish; its new path for `delete`, None when there was none."""
        gone = f"{self.folder}/.gone.{os.urandom(8).hex()}"
        try:
            os.rename(f"{self.folder}/{name}", gone)
        except FileNotFoundError:
            return None
        return gone

    def leftovers(self) -> list[str]:
        """What an earlier process had begun to make or to remove."""
        return [f"{self.folder}/{name}" for name in os.listdir(self.folder) if name.startswith(".")]


def delete(path: str, limit: int | None = None) -> bool:
    """Delete a file or a tree; nothing to do when it is not there. OSError when something can't go.

    limit: give up after about so many entries; False then, and another call goes on from there.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return True
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(path)
        return True
    top = os.open(path, _FOLDER)
    try:
        _Emptying(top, limit).run()
    except _LimitReached:
        return False
    finally:
        os.close(top)
    os.rmdir(path)
    return True


class _LimitReached(Exception):
    pass


class _Emptying:
    def __init__(self, top: int, limit: int | None) -> None:
        self.top = top
        self.left = limit
        self.moved: list[str] = []

    def run(self) -> None:
        self.empty(self.top, 0)
        while self.moved:
            self.folder(self.top, self.moved.pop(), 0)

    def folder(self, parent: int, name: str, depth: int) -> None:
        fd = os.open(name, _FOLDER, dir_fd=parent)
        try:
            self.empty(fd, depth)
        finally:
            os.close(fd)
        os.rmdir(name, dir_fd=parent)

    def empty(self, folder: int, depth: int) -> None:
        with os.scandir(folder) as entries:
            children = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in children:
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise _LimitReached
            if not is_folder:
                os.unlink(name, dir_fd=folder)
            elif depth < _DEEPEST:
                self.folder(folder, name, depth + 1)
            else:
                aside = f".deep.{os.urandom(8).hex()}"
                os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=self.top)
                self.moved.append(aside)


class Background:
    """One thread for disk work that nobody waits for; it starts with the first job."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._left = 0
        self._idle = threading.Condition(self._lock)

    def add(self, job: Callable[[], None]) -> None:
        """Run `job` soon. An OSError or BoxshipError of it is dropped: whoever needs what it does tries again."""
        with self._lock:
            self._left += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="storage", daemon=True)
                self._thread.start()
        self._jobs.put(job)

    def delete(self, path: str) -> None:
        """`delete` it soon."""

        def job() -> None:
            delete(path)

        self.add(job)

    def wait(self) -> None:
        """Wait until all jobs that were added are done."""
        with self._idle:
            self._idle.wait_for(lambda: self._left == 0)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except (OSError, BoxshipError):
                pass
            finally:
                with self._idle:
                    self._left -= 1
                    self._idle.notify_all()
