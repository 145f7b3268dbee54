"""How the kernel schedules a process: policy and priority, disk priority, nodes for its memory, execution domain."""

from __future__ import annotations

import struct

from boxship.kernel.libc import syscall

# linux/sched.h
POLICIES = {
    "SCHED_OTHER": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_ISO": 4,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}
FLAGS = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01,
    "SCHED_FLAG_RECLAIM": 0x02,
    "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10,
    "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}
# linux/ioprio.h
IO_CLASSES = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}
# linux/mempolicy.h
MEMORY_MODES = {
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5,
    "MPOL_WEIGHTED_INTERLEAVE": 6,
}
MEMORY_FLAGS = {"MPOL_F_NUMA_BALANCING": 1 << 13, "MPOL_F_RELATIVE_NODES": 1 << 14, "MPOL_F_STATIC_NODES": 1 << 15}
_IO_CLASS_SHIFT = 13
_IO_WHO_PROCESS = 1
# struct sched_attr as of its first version, without the utilization clamps.
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")


def set_scheduler(
    policy: int, *, nice: int = 0, priority: int = 0, flags: int = 0, times: tuple[int, int, int] = (0, 0, 0)
) -> None:
    """sched_setattr(2) for the calling thread. times: runtime, deadline and period of SCHED_DEADLINE, nanoseconds."""
    attributes = _SCHED_ATTR.pack(_SCHED_ATTR.size, policy, flags, nice, priority, *times)
    syscall("sched_setattr", 0, attributes, 0)


def set_io_priority(io_class: int, level: int) -> None:
    """ioprio_set(2) for the calling thread. level: 0 (highest) to 7."""
    syscall("ioprio_set", _IO_WHO_PROCESS, 0, io_class << _IO_CLASS_SHIFT | level)


def set_memory_policy(mode: int, nodes: list[int]) -> None:
    """set_mempolicy(2) for the calling thread and what it becomes. mode: with its flags; nodes: of NUMA, by number."""
    if not nodes:
        syscall("set_mempolicy", mode, None, 0)
        return
    # Whole longs; the kernel takes one bit less than it is told.
    size = (max(nodes) // 64 + 1) * 8
    bits = sum(1 << node for node in nodes)
    syscall("set_mempolicy", mode, bits.to_bytes(size, "little"), size * 8 + 1)


def set_personality(domain: int) -> None:
    """personality(2): PER_LINUX is 0, PER_LINUX32 is 8."""
    syscall("personality", domain)


def cpu_list(text: str) -> set[int]:
    """The CPUs that a list such as "0-3,7" names (cpuset(7)). ValueError when it is none."""
    cpus: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = int(first), int(last if dash else first)
        if low > high:
            raise ValueError(f"CPU range {part!r} runs backwards")
        cpus.update(range(low, high + 1))
    return cpus
