"""System calls by number, errors as OSError.

Python has no binding for the calls that a container needs. They go through libc's `syscall(2)`, which sets errno;
the numbers of calls newer than 2019 are the same on every architecture, the older ones stand in a table.
"""

from __future__ import annotations

import ctypes
import os

# One type for numbers, buffers and pointers, known before the first call: ctypes then converts by itself, in a third
# of the time that wrapping each value takes. A container's start makes two hundred such calls.
_WORDS = 7
_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [ctypes.c_void_p] * _WORDS

# PyDLL keeps the interpreter lock: a raw clone through CDLL would drop it in the parent and never take it in
# the child.
_locked_libc = ctypes.PyDLL(None, use_errno=True)
_locked_syscall = _locked_libc.syscall
_locked_syscall.restype = ctypes.c_long
_locked_syscall.argtypes = [ctypes.c_void_p] * _WORDS

# Looked up here, not at each fork: a child that looks them up copies a hundred pages for that.
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_in_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
_after_fork_in_child = ctypes.pythonapi.PyOS_AfterFork_Child
for _function in (_before_fork, _after_fork_in_parent, _after_fork_in_child):
    _function.restype = None

MACHINE = os.uname().machine

# asm/unistd_64.h of x86-64, and asm-generic/unistd.h, which aarch64 and riscv64 follow.
_OLD_NUMBERS: dict[str, tuple[int, int]] = {
    "rt_sigaction": (13, 134),
    "clone": (56, 220),
    "pivot_root": (155, 41),
    "fstatfs": (138, 44),
    "prctl": (157, 167),
    "mount": (165, 40),
    "umount2": (166, 39),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "unshare": (272, 97),
    "capget": (125, 90),
    "capset": (126, 91),
    "setns": (308, 268),
    "seccomp": (317, 277),
    "bpf": (321, 280),
    "execveat": (322, 281),
    "keyctl": (250, 219),
    "personality": (135, 92),
    "ioprio_set": (251, 30),
    "sched_setattr": (314, 274),
    "set_mempolicy": (238, 237),
}
_NEW_NUMBERS = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "mount_setattr": 442,
    "cachestat": 451,
}


_NUMBERS = {name: numbers[MACHINE != "x86_64"] for name, numbers in _OLD_NUMBERS.items()} | _NEW_NUMBERS
# What the kernel does not look at.
_PADDING = (0,) * (_WORDS - 1)


def number(name: str) -> int:
    """The number of a system call on this machine."""
    return _NUMBERS[name]


def syscall(name: str, *values: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call the kernel. OSError with its errno, the call's name as message."""
    result: int = _syscall(_NUMBERS[name], *values, *_PADDING[len(values) :])
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def locked_syscall(name: str, *values: int | bytes | None) -> int:
    """As `syscall`, without letting go of the interpreter lock (needed for a raw clone)."""
    result: int = _locked_syscall(_NUMBERS[name], *values, *_PADDING[len(values) :])
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def before_fork() -> None:
    """Tell the interpreter that a raw clone comes, as os.fork does by itself. One of the two below must follow.

    Since 3.13 it is fatal to tell of a child that was not announced: the locks taken here are let go there.
    """
    _before_fork()


def after_fork_in_parent() -> None:
    """Tell the interpreter that the clone is done, or has failed."""
    _after_fork_in_parent()


def after_fork_in_child() -> None:
    """Tell the interpreter that it woke up in a cloned child."""
    _after_fork_in_child()
