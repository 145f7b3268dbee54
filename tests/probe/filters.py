"""What seccomp filters answer, for every call of every ABI: as ranges of numbers, so that answers can be read."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from functools import lru_cache

from boxship.kernel.syscalls import table
from tests.support import classic_bpf

# The kernel's audit architectures (linux/audit.h); x32 is x86-64 with a bit of its own in the number.
X86_64, I386, AARCH64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
_X32 = 0x40000000
ABIS = {"x86_64": (X86_64, 0), "i386": (I386, 0), "x32": (X86_64, _X32), "aarch64": (AARCH64, 0), "arm": (ARM, 0)}
_ABIS_OF = {"x86_64": ("x86_64", "i386", "x32"), "aarch64": ("aarch64", "arm")}
_HIGHEST = 1024
# Architectures that no profile names: a filter must not take their calls for its own.
_FOREIGN = {"riscv64": 0xC00000F3, "s390x": 0x80000016}

_NEW_NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
# Call -> the first argument, in values that the default profile, or a profile of the tests, tells apart.
_ARGUMENTS: dict[str, tuple[int, ...]] = {
    "clone": (*_NEW_NAMESPACES, 0x11, 0x1200011, 0x80, 0x3D0F00, 0x7E020000, 1 << 32),
    "clone3": (1,),
    "personality": (0x8, 0x20000, 0x20008, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0x1, 0x40000, 0x400000, 0x20000000),
    "socket": (1, 2, 10, 16, 17, 38, 39, 40, 41, (1 << 32) + 40),
    "unshare": (0x10000000,),
    "ioctl": (1,),
    "mkdir": (7,),
}
_BY_STRENGTH = (0x80000000, 0x00000000, 0x00030000, 0x00050000, 0x7FC00000, 0x7FF00000, 0x7FFC0000, 0x7FFF0000)
_NAMES = {
    0x80000000: "kill process",
    0x00000000: "kill thread",
    0x00030000: "trap",
    0x7FC00000: "notify",
    0x7FF00000: "trace",
    0x7FFC0000: "log",
    0x7FFF0000: "allow",
}


def answers(filters: Iterable[bytes], machine: str) -> list[str]:
    """Lines that say what a process under these filters gets: for each ABI and each answer the numbers of the calls
    (all arguments 0), then the calls whose first argument was tried, value by value.
    """
    return list(_answers(tuple(filters), machine))


@lru_cache(maxsize=64)
def _answers(filters: tuple[bytes, ...], machine: str) -> tuple[str, ...]:
    if not filters:
        return ("no filter",)
    lines = []
    for abi in _ABIS_OF[machine]:
        audit, bit = ABIS[abi]
        found: dict[str, list[int]] = {}
        for number in range(_HIGHEST):
            found.setdefault(_answer(filters, audit, number | bit), []).append(number)
        lines += [f"{abi} {answer}: {_ranges(numbers)}" for answer, numbers in sorted(found.items())]
        numbers_of = table(abi)
        for name, values in _ARGUMENTS.items():
            if name not in numbers_of:
                continue
            number = (numbers_of[name] & ~_X32) | bit
            tried = [f"{value:#x} {_answer(filters, audit, number, (value,))}" for value in values]
            lines.append(f"{abi} {name}: {', '.join(tried)}")
    for name, audit in _FOREIGN.items():
        lines.append(f"{name}: {_answer(filters, audit, 0)}, {_answer(filters, audit, 63)}")
    return tuple(lines)


def _answer(filters: tuple[bytes, ...], audit: int, number: int, arguments: tuple[int, ...] = ()) -> str:
    # All filters are asked; the strongest answer counts, among equals the newest's (seccomp(2)).
    returned = [classic_bpf.run(program, audit, number, arguments) for program in filters]
    value = min(returned, key=lambda value: _BY_STRENGTH.index(value & 0xFFFF0000))
    action, data = value & 0xFFFF0000, value & 0xFFFF
    if action == 0x00050000:
        return errno.errorcode.get(data, f"errno {data}")
    return _NAMES[action] + (f" {data}" if action in (0x7FF00000, 0x00030000) and data else "")


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers as "0-3,7"."""
    parts: list[str] = []
    start = previous = numbers[0]
    for number in [*numbers[1:], -1]:
        if number != previous + 1:
            parts.append(f"{start}-{previous}" if start != previous else str(start))
            start = number
        previous = number
    return ",".join(parts)


def instructions(program: bytes) -> int:
    """How many instructions a filter has."""
    return len(program) // struct.calcsize("=HBBI")
