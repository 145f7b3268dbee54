"""The HostConfig as it is kept: without the limits that this machine can't keep, as `docker inspect` shows it."""

from typing import Any

import msgspec

from boxship.model.config import HostConfig
from boxship.runtime.spec.features import HostFeatures


def settle(host: HostConfig, features: HostFeatures) -> HostConfig:
    """What becomes of `host` once `check` has let it pass (and has warned of all that is discarded here)."""
    changes: dict[str, Any] = {**_memory(host, features), **_cpu(host, features), **_block(host, features)}
    if host.pids_limit is not None and (host.pids_limit <= 0 or not features.pids_limit):
        changes["pids_limit"] = None
    shares_host = host.privileged or host.pid_mode == "host" or host.ipc_mode == "host"
    labels = ("label=", "label:", "disable")
    if shares_host and not any(option.startswith(labels) for option in host.security_opt or ()):
        # SELinux would stand between such a container and what it shares.
        changes["security_opt"] = [*(host.security_opt or ()), "label=disable"]
    return msgspec.structs.replace(host, **changes)


def _memory(host: HostConfig, features: HostFeatures) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    memory, swap = host.memory, host.memory_swap
    if memory > 0 and swap == 0:
        swap = 2 * memory
    if memory > 0 and not features.memory_limit:
        memory, swap = 0, -1
    if memory > 0 and swap != -1 and not features.swap_limit:
        swap = -1
    if (memory, swap) != (host.memory, host.memory_swap):
        changes |= {"memory": memory, "memory_swap": swap}
    if host.memory_swappiness == -1 or not features.memory_swappiness:
        changes["memory_swappiness"] = None
    if host.memory_reservation and not features.memory_reservation:
        changes["memory_reservation"] = 0
    if host.kernel_memory_tcp and not features.kernel_memory_tcp:
        changes["kernel_memory_tcp"] = 0
    if not features.oom_kill_disable:
        changes["oom_kill_disable"] = None
    return changes


def _cpu(host: HostConfig, features: HostFeatures) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if host.cpu_shares and not features.cpu_shares:
        changes["cpu_shares"] = 0
    if not features.cpu_cfs:
        changes |= {"cpu_period": 0, "cpu_quota": 0}
    if not features.cpuset:
        changes |= {"cpuset_cpus": "", "cpuset_mems": ""}
    if host.cpu_percent:
        changes["cpu_percent"] = 0
    return changes


def _block(host: HostConfig, features: HostFeatures) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if host.blkio_weight and not features.block_weight:
        changes["blkio_weight"] = 0
    if host.blkio_weight_device and not features.block_weight_device:
        changes["blkio_weight_device"] = []
    if not features.block_throttle:
        names = ("read_bps", "write_bps", "read_iops", "write_iops")
        changes |= {f"blkio_device_{name}": [] for name in names if getattr(host, f"blkio_device_{name}")}
    return changes
