"""Files of a log that rotation left behind, compressed: made, and read.

The gzip header's name field (RFC 1952, FNAME) holds the device, the inode and the time of change that the file had
before: a follower that holds the plain file open knows by it where it stands. The inode alone would not do, it may be
that of a newer file by now.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import zlib

from boxship.lib.logframe import GZIP_SUFFIX, LogTarget

_BLOCK = 1 << 20
_HEADER = struct.Struct("<HBBIBB")
_MAGIC = 0x8B1F
_DEFLATE = 8
_FNAME = 8
_UNIX = 3


def compress_rotated(target: LogTarget) -> int:
    """Compress what rotation has left behind so far, oldest first; how many files. OSError as the system gives it.

    Bounded disk and processor work: max_file times max_size. The monitor may go on writing and rotating; a file that
    another call is at work on is left to it. Nothing half done stays behind.
    """
    return sum(_compress(target, number) for number in range(target.max_file - 1, 0, -1))


def identity_of(fd: int) -> tuple[int, int, int]:
    """Device, inode and st_mtime_ns that a compressed file had before; its own when it does not say."""
    return _identity(os.pread(fd, 128, 0)) or plain_identity(fd)


def plain_identity(fd: int) -> tuple[int, int, int]:
    """Device, inode and st_mtime_ns of a file that nobody writes any more."""
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_mtime_ns


def inflate(fd: int) -> int:
    """A descriptor with the plain content. What can't be decompressed ends the content early."""
    plain = os.memfd_create("log", os.MFD_CLOEXEC)
    try:
        inflater = zlib.decompressobj(31)
        at = 0
        with contextlib.suppress(zlib.error):
            while piece := os.pread(fd, _BLOCK, at):
                at += len(piece)
                _write_all(plain, inflater.decompress(piece))
    except BaseException:
        os.close(plain)
        raise
    return plain


def _compress(target: LogTarget, number: int) -> int:
    try:
        fd = os.open(f"{target.path}.{number}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return 0
    folder = os.path.dirname(target.path) or "."
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Without a name until it is whole.
        out = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o640)
        try:
            identity = plain_identity(fd)
            seconds = identity[2] // 1_000_000_000 & 0xFFFFFFFF
            _write_all(out, _HEADER.pack(_MAGIC, _DEFLATE, _FNAME, seconds, 0, _UNIX) + b"%d-%d-%d\0" % identity)
            _deflate(fd, out)
            return _put_in_place(target, folder, identity, out)
        finally:
            os.close(out)
    except BlockingIOError:
        return 0
    finally:
        os.close(fd)


def _deflate(fd: int, out: int) -> None:
    deflater = zlib.compressobj(wbits=-15)
    check = size = 0
    while piece := os.read(fd, _BLOCK):
        check = zlib.crc32(piece, check)
        size += len(piece)
        _write_all(out, deflater.compress(piece))
    _write_all(out, deflater.flush() + struct.pack("<II", check, size & 0xFFFFFFFF))


def _put_in_place(target: LogTarget, folder: str, identity: tuple[int, int, int], out: int) -> int:
    """Let the compressed file take the plain one's place, wherever rotation has moved that meanwhile."""
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # The monitor holds the same lock while it renames.
        fcntl.flock(folder_fd, fcntl.LOCK_EX)
        for number in range(1, target.max_file):
            plain = f"{target.path}.{number}"
            try:
                status = os.stat(plain, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if (status.st_dev, status.st_ino) == identity[:2]:
                with contextlib.suppress(FileNotFoundError):
                    # Of a crash between the two steps below.
                    os.unlink(plain + GZIP_SUFFIX)
                # Only with a folder's descriptor does Python ask for AT_SYMLINK_FOLLOW (open(2), O_TMPFILE).
                os.link(f"/proc/self/fd/{out}", plain + GZIP_SUFFIX, src_dir_fd=folder_fd, follow_symlinks=True)
                os.unlink(plain)
                return 1
        return 0
    finally:
        os.close(folder_fd)


def _identity(head: bytes) -> tuple[int, int, int] | None:
    if len(head) < _HEADER.size:
        return None
    magic, _, flags, _, _, _ = _HEADER.unpack_from(head)
    numbers = head[_HEADER.size :].partition(b"\0")[0].split(b"-")
    if magic != _MAGIC or flags != _FNAME or len(numbers) != 3 or not all(map(bytes.isdigit, numbers)):
        return None
    device, inode, changed = map(int, numbers)
    return device, inode, changed


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
