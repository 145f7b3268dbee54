"""What `docker update` may change of a container."""

from typing import Any

import msgspec

from boxship.model.config import DeviceMapping, RestartPolicy, ThrottleDevice, Ulimit, WeightDevice, Wire, named


class UpdateConfig(Wire, frozen=True):
    """The body of `POST /containers/{id}/update`: the API's Resources and the restart policy.

    A value that is 0, "" or null stays as it is. Units are those of HostConfig. What Docker reads but does not change
    in a container that exists is checked and kept out: all that is not in `CHANGED`.
    """

    cpu_shares: int = 0
    memory: int = 0
    nano_cpus: int = 0
    cgroup_parent: str = ""
    blkio_weight: int = 0
    blkio_weight_device: list[WeightDevice] | None = None
    blkio_device_read_bps: list[ThrottleDevice] | None = None
    blkio_device_write_bps: list[ThrottleDevice] | None = None
    blkio_device_read_iops: list[ThrottleDevice] | None = named("BlkioDeviceReadIOps", None)
    blkio_device_write_iops: list[ThrottleDevice] | None = named("BlkioDeviceWriteIOps", None)
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    devices: list[DeviceMapping] | None = None
    device_cgroup_rules: list[str] | None = None
    device_requests: list[dict[str, Any]] | None = None
    memory_reservation: int = 0
    memory_swap: int = 0
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    pids_limit: int | None = None
    ulimits: list[Ulimit] | None = None
    cpu_count: int = 0
    cpu_percent: int = 0
    io_maximum_iops: int = named("IOMaximumIOps", 0)
    io_maximum_bandwidth: int = named("IOMaximumBandwidth", 0)
    kernel_memory_tcp: int = named("KernelMemoryTCP", 0)
    restart_policy: RestartPolicy = RestartPolicy()


CHANGED = (
    "blkio_weight",
    "cpu_shares",
    "nano_cpus",
    "cpu_period",
    "cpu_quota",
    "cpuset_cpus",
    "cpuset_mems",
    "memory",
    "memory_swap",
    "memory_reservation",
    "cpu_realtime_period",
    "cpu_realtime_runtime",
)


def changes_of(update: UpdateConfig) -> dict[str, Any]:
    """The fields of a HostConfig that the update sets, with their values."""
    changes = {name: value for name in CHANGED if (value := getattr(update, name))}
    if update.pids_limit is not None:
        # 0 and below: no limit.
        changes["pids_limit"] = max(update.pids_limit, 0)
    if update.restart_policy.name:
        changes["restart_policy"] = update.restart_policy
    return changes


def as_host_fields(update: UpdateConfig) -> dict[str, Any]:
    """All that was sent, as fields of a HostConfig: to be checked as at create."""
    return {field.name: getattr(update, field.name) for field in msgspec.structs.fields(update)}
