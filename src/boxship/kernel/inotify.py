"""inotify(7): to be told when files in a folder change."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

IN_MODIFY = 0x2
IN_MOVED_FROM = 0x40
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ONLYDIR = 0x1000000

_EVENT = struct.Struct("=iIII")
_BUFFER = 64 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    result = int(getattr(_libc, name)(*arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


class Inotify:
    """One inotify instance. fd: readable when something happened; non-blocking."""

    def __init__(self) -> None:
        """OSError: EMFILE when the user has too many instances (fs.inotify.max_user_instances)."""
        self.fd = _call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)

    def add(self, path: str, mask: int) -> int:
        """Watch a file or folder; the watch's number, the same one for the same inode.

        OSError: ENOSPC when the user has too many watches (fs.inotify.max_user_watches).
        """
        return _call("inotify_add_watch", self.fd, os.fsencode(path), ctypes.c_uint32(mask))

    def remove(self, watch: int) -> None:
        """End a watch; one that ended by itself with its folder is no error."""
        try:
            _call("inotify_rm_watch", self.fd, watch)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise

    def read(self) -> list[tuple[int, int, str]]:
        """(watch, mask, name in the folder) of what happened; [] when nothing did."""
        try:
            data = os.read(self.fd, _BUFFER)
        except BlockingIOError:
            return []
        events = []
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            events.append((watch, mask, os.fsdecode(data[at : at + length].rstrip(b"\0"))))
            at += length
        return events

    def close(self) -> None:
        """Give the instance and all its watches up."""
        os.close(self.fd)
