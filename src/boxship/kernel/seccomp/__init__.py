"""Load a compiled seccomp filter into the calling process.

Light: this is what runs between fork and exec. `compile.py` beside it makes the program, in the daemon.
"""

from __future__ import annotations

import ctypes
import struct

from boxship.kernel.libc import syscall

SECCOMP_SET_MODE_FILTER = 1
SECCOMP_FILTER_FLAG_TSYNC = 1
SECCOMP_FILTER_FLAG_LOG = 2
SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32

# A compiled filter: this head (magic, flags for seccomp(2), the length of the rest), then struct sock_filter entries
# in the byte order of the machine.
MAGIC = b"BXSF"
HEAD = struct.Struct("=4sII")
INSTRUCTION_SIZE = 8


class _Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def load_program(program: bytes) -> int:
    """Confine the calling thread by what `seccomp.compile` made; the listener's descriptor (close-on-exec) where calls
    are to be handed to a supervisor (seccomp_unotify(2)), -1 otherwise.

    The caller needs CAP_SYS_ADMIN in its user namespace or no_new_privs (EACCES otherwise, seccomp(2)).
    ValueError when `program` is torn or something else.
    """
    magic, flags, length = HEAD.unpack_from(program) if len(program) >= HEAD.size else (b"", 0, 0)
    code = program[HEAD.size :]
    if magic != MAGIC or length != len(code) or not length or length % INSTRUCTION_SIZE:
        raise ValueError("not a whole compiled seccomp filter")
    filters = _Program(length // INSTRUCTION_SIZE, code)
    # The kernel copies the program during the call; `code` lives until then.
    answer = syscall(
        "seccomp", SECCOMP_SET_MODE_FILTER, flags, ctypes.string_at(ctypes.byref(filters), ctypes.sizeof(filters))
    )
    return answer if flags & SECCOMP_FILTER_FLAG_NEW_LISTENER else -1
