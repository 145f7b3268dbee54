"""`linux.resources`: the limits that go to the control group."""

from typing import Any

from boxship.model.config import HostConfig, ThrottleDevice
from boxship.runtime.spec.devices import device_rules
from boxship.runtime.spec.features import HostFeatures
from boxship.runtime.spec.input import Prepared

_PERIOD = 100_000  # microseconds
_NANO = 1_000_000_000


def build_resources(host: HostConfig, features: HostFeatures, prepared: Prepared) -> dict[str, Any]:
    """The limits of a container; those that this machine can't keep are left out (`check` warned of them)."""
    resources: dict[str, Any] = {"devices": device_rules(host, prepared)}
    if memory := _memory(host, features):
        resources["memory"] = memory
    if cpu := _cpu(host, features):
        resources["cpu"] = cpu
    # 0 and below: no limit, which a fresh group has.
    if host.pids_limit and host.pids_limit > 0 and features.pids_limit:
        resources["pids"] = {"limit": host.pids_limit}
    if block := _block(host, features, prepared):
        resources["blockIO"] = block
    return resources


def changed_resources(before: HostConfig, after: HostConfig, features: HostFeatures) -> dict[str, Any]:
    """What a running container's control group has to be told when its limits change; {} for nothing.

    Only limits that `docker update` knows; one that is lifted is -1, as in the OCI spec.
    """
    old, new = _plain_limits(before, features), _plain_limits(after, features)
    changed = {
        kind: {key: value for key, value in values.items() if old.get(kind, {}).get(key) != value}
        for kind, values in new.items()
    }
    if changed.get("memory", {}).keys() & {"limit", "swap"}:
        # cgroup v2 counts swap without memory: it takes both to know it.
        changed["memory"] |= {key: new["memory"][key] for key in ("limit", "swap") if key in new["memory"]}
    if changed.get("cpu", {}).keys() & {"period", "quota"}:
        changed["cpu"] |= {key: new["cpu"][key] for key in ("period", "quota") if key in new["cpu"]}
    return {kind: values for kind, values in changed.items() if values}


def _plain_limits(host: HostConfig, features: HostFeatures) -> dict[str, dict[str, Any]]:
    memory = _memory(host, features)
    if host.memory_swap == -1 and features.swap_limit:
        memory["swap"] = -1
    limits = {"memory": memory, "cpu": _cpu(host, features)}
    if features.pids_limit:
        limits["pids"] = {"limit": host.pids_limit or -1}
    if features.block_weight and host.blkio_weight:
        limits["blockIO"] = {"weight": host.blkio_weight}
    return limits


def _memory(host: HostConfig, features: HostFeatures) -> dict[str, Any]:
    memory: dict[str, Any] = {}
    if host.memory > 0 and features.memory_limit:
        memory["limit"] = host.memory
        if features.swap_limit and host.memory_swap >= 0:
            # Without a word about swap a container may use as much of it as of memory.
            memory["swap"] = host.memory_swap or 2 * host.memory
    if host.memory_reservation > 0 and features.memory_reservation:
        memory["reservation"] = host.memory_reservation
    swappiness = host.memory_swappiness
    if swappiness is not None and swappiness >= 0 and features.memory_swappiness:
        memory["swappiness"] = swappiness
    if host.oom_kill_disable and features.oom_kill_disable:
        memory["disableOOMKiller"] = True
    if host.kernel_memory_tcp > 0 and features.kernel_memory_tcp:
        memory["kernelTCP"] = host.kernel_memory_tcp
    return memory


def _cpu(host: HostConfig, features: HostFeatures) -> dict[str, Any]:
    cpu: dict[str, Any] = {}
    if host.cpu_shares > 0 and features.cpu_shares:
        cpu["shares"] = host.cpu_shares
    if features.cpu_cfs:
        if host.nano_cpus > 0:
            cpu["period"] = _PERIOD
            cpu["quota"] = host.nano_cpus * _PERIOD // _NANO
        if host.cpu_period:
            cpu["period"] = host.cpu_period
        if host.cpu_quota:
            cpu["quota"] = host.cpu_quota
    if host.cpu_realtime_period:
        cpu["realtimePeriod"] = host.cpu_realtime_period
    if host.cpu_realtime_runtime:
        cpu["realtimeRuntime"] = host.cpu_realtime_runtime
    if features.cpuset:
        if host.cpuset_cpus:
            cpu["cpus"] = host.cpuset_cpus
        if host.cpuset_mems:
            cpu["mems"] = host.cpuset_mems
    return cpu


def _block(host: HostConfig, features: HostFeatures, prepared: Prepared) -> dict[str, Any]:
    block: dict[str, Any] = {}
    if host.blkio_weight and features.block_weight:
        block["weight"] = host.blkio_weight
    if host.blkio_weight_device and features.block_weight_device:
        block["weightDevice"] = [
            {**_numbers(prepared, device.path), "weight": device.weight} for device in host.blkio_weight_device
        ]
    if features.block_throttle:
        throttles: tuple[tuple[str, list[ThrottleDevice] | None], ...] = (
            ("throttleReadBpsDevice", host.blkio_device_read_bps),
            ("throttleWriteBpsDevice", host.blkio_device_write_bps),
            ("throttleReadIOPSDevice", host.blkio_device_read_iops),
            ("throttleWriteIOPSDevice", host.blkio_device_write_iops),
        )
        for key, devices in throttles:
            if devices:
                block[key] = [{**_numbers(prepared, device.path), "rate": device.rate} for device in devices]
    return block


def _numbers(prepared: Prepared, path: str) -> dict[str, int]:
    major, minor = prepared.blocks[path]
    return {"major": major, "minor": minor}
