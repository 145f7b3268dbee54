"""Figures of a v1 control group (pure; Documentation/admin-guide/cgroup-v1)."""

from typing import Any

from boxship.engine.stats.text import TICK_NS, Files, fields, number

# What Docker passes on of memory.stat.
_MEMORY = (
    *("cache", "rss", "rss_huge", "mapped_file", "dirty", "writeback", "pgpgin", "pgpgout", "pgfault", "pgmajfault"),
    *("inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable"),
)
_LIMITS = ("hierarchical_memory_limit", "hierarchical_memsw_limit")
# Of these the kernel has had nothing since it lost the CFQ scheduler.
_EMPTY = (
    *("io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive", "io_merged_recursive"),
    *("io_time_recursive", "sectors_recursive"),
)


def cpu(files: Files) -> dict[str, Any]:
    """Times in nanoseconds."""
    times = fields(files("cpuacct", "cpuacct.stat"))
    throttled = fields(files("cpu", "cpu.stat"))
    return {
        "cpu_usage": {
            "total_usage": number(files("cpuacct", "cpuacct.usage")),
            "percpu_usage": [int(word) for word in files("cpuacct", "cpuacct.usage_percpu").split()],
            "usage_in_kernelmode": times.get("system", 0) * TICK_NS,
            "usage_in_usermode": times.get("user", 0) * TICK_NS,
        },
        "throttling_data": {
            "periods": throttled.get("nr_periods", 0),
            "throttled_periods": throttled.get("nr_throttled", 0),
            "throttled_time": throttled.get("throttled_time", 0),
        },
    }


def memory(files: Files, total: int) -> dict[str, Any]:
    """Bytes. total: the machine's memory, which no limit is above."""
    stat = fields(files("memory", "memory.stat"))
    names = (*_MEMORY, *(f"total_{name}" for name in _MEMORY), *_LIMITS)
    failures = number(files("memory", "memory.failcnt"))
    return {
        "usage": number(files("memory", "memory.usage_in_bytes")),
        "max_usage": number(files("memory", "memory.max_usage_in_bytes")),
        "stats": {name: stat.get(name, 0) for name in sorted(names)},
        **({"failcnt": failures} if failures else {}),
        "limit": min(number(files("memory", "memory.limit_in_bytes")) or total, total),
    }


def block(files: Files) -> dict[str, Any]:
    """Bytes and operations by device."""
    return {
        "io_service_bytes_recursive": _entries(files("blkio", "blkio.throttle.io_service_bytes_recursive")),
        "io_serviced_recursive": _entries(files("blkio", "blkio.throttle.io_serviced_recursive")),
        **{name: [] for name in _EMPTY},
    }


def _entries(text: str) -> list[dict[str, Any]]:
    entries = []
    for line in text.splitlines():
        device, _, rest = line.partition(" ")
        major, colon, minor = device.partition(":")
        operation, _, value = rest.partition(" ")
        if colon and value:
            entries.append({"major": int(major), "minor": int(minor), "op": operation, "value": int(value)})
    return entries
