"""What the kernel has of a file in memory (cachestat, Linux ≥ 6.5; mm/filemap.c)."""

from __future__ import annotations

import ctypes
import os
import struct

from boxship.kernel.libc import syscall

_PAGE = os.sysconf("SC_PAGE_SIZE")


def cached_bytes(path: str) -> int:
    """How many bytes of a file are in the page cache. OSError: ENOSYS where the kernel does not tell."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # struct cachestat_range: offset, length (0 for all); struct cachestat: five counts of pages, cached ones first.
        status = ctypes.create_string_buffer(40)
        whole = ctypes.create_string_buffer(struct.pack("=QQ", 0, 0), 16)
        syscall("cachestat", fd, whole, status, 0)
        pages: int = struct.unpack_from("=Q", status)[0]
        return pages * _PAGE
    finally:
        os.close(fd)
