"""Figures of a v2 control group (pure; Documentation/admin-guide/cgroup-v2.rst)."""

from typing import Any

from boxship.engine.stats.text import Files, fields, number

# What Docker passes on of memory.stat.
_MEMORY = (
    *("active_anon", "active_file", "anon", "anon_thp", "file", "file_dirty", "file_mapped", "file_writeback"),
    *("inactive_anon", "inactive_file", "kernel_stack", "pgactivate", "pgdeactivate", "pgfault", "pglazyfree"),
    *("pglazyfreed", "pgmajfault", "pgrefill", "pgscan", "pgsteal", "shmem", "slab", "slab_reclaimable"),
    *("slab_unreclaimable", "sock", "thp_collapse_alloc", "thp_fault_alloc", "unevictable", "workingset_activate"),
    *("workingset_nodereclaim", "workingset_refault"),
)
NO_FIGURES = (
    *("io_serviced_recursive", "io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive"),
    *("io_merged_recursive", "io_time_recursive", "sectors_recursive"),
)


def cpu(files: Files) -> dict[str, Any]:
    """Times in nanoseconds."""
    stat = fields(files("cpu", "cpu.stat"))
    return {
        "cpu_usage": {
            "total_usage": stat.get("usage_usec", 0) * 1000,
            "usage_in_kernelmode": stat.get("system_usec", 0) * 1000,
            "usage_in_usermode": stat.get("user_usec", 0) * 1000,
        },
        "throttling_data": {
            "periods": stat.get("nr_periods", 0),
            "throttled_periods": stat.get("nr_throttled", 0),
            "throttled_time": stat.get("throttled_usec", 0) * 1000,
        },
    }


def memory(files: Files, total: int) -> dict[str, Any]:
    """Bytes. total: the machine's memory, which no limit is above."""
    stat = fields(files("memory", "memory.stat"))
    failures = fields(files("memory", "memory.events")).get("oom", 0)
    return {
        "usage": number(files("memory", "memory.current")),
        "stats": {name: stat.get(name, 0) for name in _MEMORY},
        **({"failcnt": failures} if failures else {}),
        # 0 here is "max".
        "limit": min(number(files("memory", "memory.max")) or total, total),
    }


def block(files: Files) -> dict[str, Any]:
    """Bytes by device."""
    entries = []
    for line in files("io", "io.stat").splitlines():
        device, *words = line.split()
        major, _, minor = device.partition(":")
        values = dict(word.partition("=")[::2] for word in words)
        for operation, key in (("read", "rbytes"), ("write", "wbytes")):
            if key in values:
                value = int(values[key])
                entries.append({"major": int(major), "minor": int(minor), "op": operation, "value": value})
    return {"io_service_bytes_recursive": entries, **dict.fromkeys(NO_FIGURES)}
