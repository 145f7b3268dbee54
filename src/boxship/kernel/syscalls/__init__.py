"""Names and numbers of system calls, per ABI.

The tables are text, made by `tools/syscalls.py` from the kernel's own headers; they are read only where a seccomp
profile is compiled, never in a monitor.
"""

from __future__ import annotations

from importlib import import_module

# On 32-bit x86 these calls also go through one multiplexer (linux/net.h, linux/ipc.h): name -> (multiplexer, its
# first argument).
_SOCKET_CALLS = (
    *("socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send", "recv"),
    *("sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg"),
    "sendmmsg",
)
_IPC_CALLS = {
    "semop": 1,
    "semget": 2,
    "semctl": 3,
    "semtimedop": 4,
    "msgsnd": 11,
    "msgrcv": 12,
    "msgget": 13,
    "msgctl": 14,
    "shmat": 21,
    "shmdt": 22,
    "shmget": 23,
    "shmctl": 24,
}
MULTIPLEXED = {name: ("socketcall", number) for number, name in enumerate(_SOCKET_CALLS, 1)} | {
    name: ("ipc", number) for name, number in _IPC_CALLS.items()
}

_tables: dict[str, dict[str, int]] = {}


def table(abi: str) -> dict[str, int]:
    """Name -> number for "x86_64", "x32", "i386", "aarch64" or "arm"."""
    if abi not in _tables:
        _tables[abi] = _read(import_module(f"{__name__}.{abi}").TABLE)
    return _tables[abi]


def _read(text: str) -> dict[str, int]:
    calls: dict[str, int] = {}
    for line in text.split("\n"):
        words = line.split()
        for offset, name in enumerate(words[1:]):
            if name != "-":
                calls[name] = int(words[0]) + offset
    return calls
