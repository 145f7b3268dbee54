"""From `linux.resources` of an OCI runtime spec to the files of a control group. Pure.

Sources: OCI runtime-spec config-linux.md; Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

from boxship.kernel.cgroup.devices import v1_device_writes
from boxship.lib.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.kernel.cgroup.layout import Layout

    # controller, file, what to write
    Write = tuple[str, str, str]

_UNLIMITED = "max"

# What the spec calls a throttle -> the file of v1, the key of v2's io.max
_THROTTLES = {
    "throttleReadBpsDevice": ("blkio.throttle.read_bps_device", "rbps"),
    "throttleWriteBpsDevice": ("blkio.throttle.write_bps_device", "wbps"),
    "throttleReadIOPSDevice": ("blkio.throttle.read_iops_device", "riops"),
    "throttleWriteIOPSDevice": ("blkio.throttle.write_iops_device", "wiops"),
}


def plan_resources(resources: dict[str, Any], layout: Layout) -> list[Write]:
    """What to write, in this order, into a fresh group.

    InvalidParameter when a limit is asked for that no controller of this machine can keep. v2's device rules are no
    file: see `boxship.kernel.bpf`.
    """
    writes = _v2(resources) if layout.version == 2 else _v1(resources)
    for controller, file, value in writes:
        if controller not in layout.controllers:
            raise InvalidParameter(
                f"cannot set {file} to {value}: the control group controller {controller} is not available on this "
                "machine (see /proc/cgroups); run without that limit"
            )
    return writes


def plan_update(resources: dict[str, Any], layout: Layout, both: int) -> list[Write]:
    """What to write, in this order, into a group that is in use.

    both: the present limit of memory and swap together (v1). The kernel never lets it be below that of memory: where
    it rises it goes first.
    """
    writes = plan_resources({key: value for key, value in resources.items() if key != "devices"}, layout)
    swap = (resources.get("memory") or {}).get("swap") or 0
    if layout.version == 1 and (swap < 0 or swap > both):
        writes.sort(key=lambda write: write[1] != "memory.memsw.limit_in_bytes")
    return writes


def _v1(resources: dict[str, Any]) -> list[Write]:
    writes: list[Write] = []
    # A group that is joined must have its cpuset first; the group itself copies its parent's where nothing is asked.
    cpu = resources.get("cpu") or {}
    _add(writes, "cpuset", cpu, {"cpus": "cpuset.cpus", "mems": "cpuset.mems"})
    # The period before the quota: the quota is checked against it.
    _add(
        writes,
        "cpu",
        cpu,
        {
            "shares": "cpu.shares",
            "period": "cpu.cfs_period_us",
            "quota": "cpu.cfs_quota_us",
            "burst": "cpu.cfs_burst_us",
            "realtimePeriod": "cpu.rt_period_us",
            "realtimeRuntime": "cpu.rt_runtime_us",
            "idle": "cpu.idle",
        },
    )
    # memory.memsw may never be below memory: in a fresh group both are unlimited, so the smaller goes first.
    memory = resources.get("memory") or {}
    _add(
        writes,
        "memory",
        memory,
        {
            "limit": "memory.limit_in_bytes",
            "swap": "memory.memsw.limit_in_bytes",
            "reservation": "memory.soft_limit_in_bytes",
            "kernelTCP": "memory.kmem.tcp.limit_in_bytes",
            "swappiness": "memory.swappiness",
        },
    )
    if memory.get("disableOOMKiller"):
        writes.append(("memory", "memory.oom_control", "1"))
    writes += _pids(resources)
    writes += _v1_block_io(resources.get("blockIO") or {})
    for limit in resources.get("hugepageLimits") or ():
        writes.append(("hugetlb", f"hugetlb.{limit['pageSize']}.limit_in_bytes", str(limit["limit"])))
    network = resources.get("network") or {}
    if network.get("classID") is not None:
        writes.append(("net_cls", "net_cls.classid", str(network["classID"])))
    for entry in network.get("priorities") or ():
        writes.append(("net_prio", "net_prio.ifpriomap", f"{entry['name']} {entry['priority']}"))
    writes += _rdma(resources)
    if resources.get("unified"):
        raise InvalidParameter(
            "linux.resources.unified is for cgroup v2, and this machine has cgroup v1: name the limits one by one"
        )
    return writes + v1_device_writes(resources.get("devices") or [])


def _v1_block_io(block: dict[str, Any]) -> list[Write]:
    writes: list[Write] = []
    if block.get("weight"):
        writes.append(("blkio", "blkio.weight", str(block["weight"])))
    for device in block.get("weightDevice") or ():
        value = f"{device['major']}:{device['minor']} {device['weight']}"
        writes.append(("blkio", "blkio.weight_device", value))
    for key, (file, _) in _THROTTLES.items():
        for device in block.get(key) or ():
            writes.append(("blkio", file, f"{device['major']}:{device['minor']} {device['rate']}"))
    return writes


def _v2(resources: dict[str, Any]) -> list[Write]:
    writes: list[Write] = []
    cpu = resources.get("cpu") or {}
    _add(writes, "cpuset", cpu, {"cpus": "cpuset.cpus", "mems": "cpuset.mems"})
    if cpu.get("idle"):
        writes.append(("cpu", "cpu.idle", str(cpu["idle"])))
    elif cpu.get("shares"):
        writes.append(("cpu", "cpu.weight", str(shares_to_weight(cpu["shares"]))))
    quota, period = cpu.get("quota") or 0, cpu.get("period") or 0
    if quota or period:
        # The default period is the kernel's.
        writes.append(("cpu", "cpu.max", f"{quota if quota > 0 else _UNLIMITED} {period or 100_000}"))
    if cpu.get("burst"):
        writes.append(("cpu", "cpu.max.burst", str(cpu["burst"])))
    writes += _v2_memory(resources.get("memory") or {})
    writes += _pids(resources)
    writes += _v2_block_io(resources.get("blockIO") or {})
    for limit in resources.get("hugepageLimits") or ():
        writes.append(("hugetlb", f"hugetlb.{limit['pageSize']}.max", str(limit["limit"])))
    network = resources.get("network") or {}
    if network.get("classID") is not None or network.get("priorities"):
        raise InvalidParameter(
            "network classes and priorities exist only with cgroup v1; this machine has cgroup v2: run without them"
        )
    writes += _rdma(resources)
    for file, value in (resources.get("unified") or {}).items():
        if "/" in file or file.startswith("cgroup."):
            raise InvalidParameter(f"{file!r} in linux.resources.unified is not the file of a controller")
        writes.append((file.partition(".")[0], file, value))
    return writes


def _v2_memory(memory: dict[str, Any]) -> list[Write]:
    if memory.get("swappiness") is not None or memory.get("disableOOMKiller") or memory.get("kernelTCP"):
        raise InvalidParameter(
            "memory swappiness, the OOM killer's switch and kernel TCP memory exist only with cgroup v1; this machine "
            "has cgroup v2: run without them"
        )
    writes: list[Write] = []
    limit, swap = memory.get("limit"), memory.get("swap")
    if limit:
        writes.append(("memory", "memory.max", _number(limit)))
    if swap:
        # The spec's swap is memory and swap together, v2 counts them apart.
        alone = _UNLIMITED if swap < 0 or not limit or limit < 0 else str(swap - limit)
        writes.append(("memory", "memory.swap.max", alone))
    if memory.get("reservation"):
        writes.append(("memory", "memory.low", _number(memory["reservation"])))
    return writes


def _v2_block_io(block: dict[str, Any]) -> list[Write]:
    writes: list[Write] = []
    if block.get("weight"):
        writes.append(("io", "io.weight", f"default {block_weight(block['weight'])}"))
    for device in block.get("weightDevice") or ():
        value = f"{device['major']}:{device['minor']} {block_weight(device['weight'])}"
        writes.append(("io", "io.weight", value))
    for key, (_, name) in _THROTTLES.items():
        for device in block.get(key) or ():
            writes.append(("io", "io.max", f"{device['major']}:{device['minor']} {name}={device['rate']}"))
    return writes


def _rdma(resources: dict[str, Any]) -> list[Write]:
    names = (("hcaHandles", "hca_handle"), ("hcaObjects", "hca_object"))
    writes: list[Write] = []
    for device, limits in (resources.get("rdma") or {}).items():
        values = [f"{name}={limits[key]}" for key, name in names if limits.get(key) is not None]
        writes.append(("rdma", "rdma.max", " ".join((device, *values))))
    return writes


def _pids(resources: dict[str, Any]) -> list[Write]:
    limit = (resources.get("pids") or {}).get("limit")
    return [("pids", "pids.max", _number(limit))] if limit else []


def _add(writes: list[Write], controller: str, values: dict[str, Any], files: dict[str, str]) -> None:
    writes += [(controller, file, str(values[key])) for key, file in files.items() if values.get(key) not in (None, "")]


def _number(value: int) -> str:
    return str(value) if value > 0 else _UNLIMITED


def shares_to_weight(shares: int) -> int:
    """cpu.weight (1 to 10000) for v1's shares (2 to 262144), so that both ends and both defaults (1024, 100) meet.

    The curve that the OCI runtimes agreed on in 2025: quadratic in the logarithm of the shares.
    """
    if shares <= 2:
        return 1
    if shares >= 262_144:
        return 10_000
    # Here, not above: only v2 needs it, and a monitor imports nothing that it may not need.
    from math import ceil, log2

    logarithm = log2(shares)
    return ceil(10 ** ((logarithm * logarithm + 125 * logarithm) / 612 - 7 / 34))


def block_weight(weight: int) -> int:
    """io.weight (1 to 10000) for the spec's block weight (10 to 1000), in proportion."""
    return 1 + (weight - 10) * 9999 // 990
