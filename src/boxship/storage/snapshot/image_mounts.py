"""Images that are mounted: once each, below the run root, for all containers that stand on them.

A container's overlay holds the file system by itself, so a mount here matters to whoever makes an overlay: a start, a
copy, a comparison. It stays while the container's writable layer does; of images that no container stands on, a few
stay mounted for the next run. A killed daemon's mounts are found and used by the next one. A daemon that ends with
nothing running takes its mounts along.
"""

import os
import threading
from collections.abc import Callable, Iterable

from boxship.kernel import mount
from boxship.kernel.loop import backing_file
from boxship.kernel.mountinfo import Mounted, mounts_below
from boxship.storage.one_at_a_time import OneAtATime
from boxship.storage.removal import Background

# Mounted images that no container stands on: a mount costs a millisecond and what was read of the image.
_IDLE = 16

# (path of an index, paths of the files with its data) -> a detached mount. OSError.
Mounter = Callable[[str, list[str]], int]


class ImageMounts:
    """The mounts of one instance; any thread may call."""

    def __init__(self, folder: str, mounter: Mounter, background: Background) -> None:
        """folder: where they are; made with the first one."""
        self._folder = folder
        self._mount = mounter
        self._background = background
        self._turns = OneAtATime()
        self._lock = threading.Lock()
        # Name -> device number of what is mounted; the one that was idle for longest first.
        self._mounted: dict[str, int] = {}
        self._users: dict[str, set[str]] = {}
        self._used: dict[str, str] = {}

    def use(self, name: str, user: str, files: Callable[[], tuple[str, list[str]]]) -> str:
        """The mount of an image for `user`, who needs it until `leave`; mounted when it is not.

        files: gives the index and the files with its data. OSError, and what `files` raises.
        """
        path = self.path(name)
        with self._lock:
            self._users.setdefault(name, set()).add(user)
            self._used[user] = name
            known = self._mounted.get(name)
        # Somebody may have unmounted it: a container over an empty folder would be told that its program is missing.
        if known is not None and _device(path) == known:
            return path
        try:
            with self._turns.alone(name):
                with self._lock:
                    known = self._mounted.get(name)
                if known is None or _device(path) != known:
                    self._mount_at(path, name, files)
        except BaseException:
            self.leave(user)
            raise
        return path

    def leave(self, user: str) -> None:
        """`user` needs its image no more; nothing to do when it had none."""
        with self._lock:
            name = self._used.pop(user, None)
            if name is None:
                return
            users = self._users[name]
            users.discard(user)
            if users:
                return
            del self._users[name]
            if name in self._mounted:
                # The last of those that are idle.
                self._mounted[name] = self._mounted.pop(name)
            idle = [name for name in self._mounted if name not in self._users]
        for name in idle[:-_IDLE]:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Unmount an image soon unless somebody needs it: it may take a while to forget what was read of it."""

        def job() -> None:
            with self._turns.alone(name):
                with self._lock:
                    if name in self._users or self._mounted.pop(name, None) is None:
                        return
                _unmount(self.path(name))

        self._background.add(job)

    def adopt(self, index_of: Callable[[str], str], users: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """At start: take over what an earlier daemon has mounted; what is none of ours goes. OSError.

        index_of: the path of an image's index. users: (user, name of the image) of all who may need one; asked only
        where something is mounted.
        """
        ours = set()
        for mounted in mounts_below(self._folder):
            name = os.path.basename(mounted.point)
            if name in ours or not self._is(mounted, index_of(name)):
                _unmount(mounted.point)
                continue
            ours.add(name)
        with self._lock:
            self._mounted |= {name: _device(self.path(name)) for name in ours}
            for user, name in users() if ours else ():
                if name in ours:
                    self._users.setdefault(name, set()).add(user)
                    self._used[user] = name

    def close(self) -> None:
        """Unmount all; containers that run keep their files. What can't go stays for the next start."""
        with self._lock:
            self._mounted.clear()
        unmount_all(self._folder)

    def _mount_at(self, path: str, name: str, files: Callable[[], tuple[str, list[str]]]) -> None:
        index, data = files()
        detached = self._mount(index, data)
        try:
            make_private(self._folder)
            os.makedirs(path, mode=0o700, exist_ok=True)
            place = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except BaseException:
            os.close(detached)
            raise
        try:
            mount.move(detached, place)
        finally:
            os.close(place)
        with self._lock:
            self._mounted[name] = _device(path)

    def _is(self, mounted: Mounted, index: str) -> bool:
        source = backing_file(mounted.source) if mounted.source.startswith("/dev/loop") else mounted.source
        return mounted.kind == "erofs" and source == index and os.path.exists(index)

    def path(self, name: str) -> str:
        """Where the image of this name is mounted when it is."""
        return f"{self._folder}/{name}"


def unmount_all(folder: str) -> None:
    """Unmount what an instance has mounted in the folder of its images; it goes with them. OSError."""
    for mounted in reversed(mounts_below(folder)):
        _unmount(mounted.point)
    try:
        os.rmdir(folder)
    except OSError:
        pass  # there is none, or something is left that is not ours


def _unmount(path: str) -> None:
    mount.unmount(path)
    try:
        os.rmdir(path)
    except OSError:
        pass  # another one below it


def _device(path: str) -> int:
    """The device number of what is at `path`; -1 when there is nothing."""
    try:
        return os.stat(path).st_dev
    except OSError:
        return -1


def make_private(folder: str) -> None:
    """A folder that only root enters, whoever made it: images hold set-uid programs, and no user of the host may start
    what a container has put there. OSError.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.chmod(folder, 0o700)
