"""Reading the seccomp filters of a process from outside (ptrace(2), PTRACE_SECCOMP_GET_FILTER)."""

from __future__ import annotations

import ctypes
import errno
import os

_SEIZE, _INTERRUPT, _DETACH, _GET_FILTER = 0x4206, 0x4207, 17, 0x420C
_INSTRUCTION = 8  # sizeof(struct sock_filter)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def seccomp_filters(pid: int) -> list[bytes]:
    """The filters (struct sock_filter[]) that a process is under, the newest first. Needs root; OSError."""
    _ptrace(_SEIZE, pid)
    try:
        _ptrace(_INTERRUPT, pid)
        os.waitpid(pid, 0x40000000)  # __WALL: it is no child of ours
        filters: list[bytes] = []
        while True:
            try:
                length = _ptrace(_GET_FILTER, pid, len(filters))
            except OSError as error:
                # ENOENT: no such filter; EINVAL: none at all.
                if error.errno in (errno.ENOENT, errno.EINVAL):
                    return filters
                raise
            program = ctypes.create_string_buffer(length * _INSTRUCTION)
            _ptrace(_GET_FILTER, pid, len(filters), ctypes.addressof(program))
            filters.append(program.raw)
    finally:
        _ptrace(_DETACH, pid)


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    ctypes.set_errno(0)
    result = int(_libc.ptrace(request, pid, address, data))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
