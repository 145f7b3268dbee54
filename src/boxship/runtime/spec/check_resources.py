"""Limits that make no sense, and limits that this machine can't keep."""

from boxship.lib.errors import InvalidParameter
from boxship.model.config import HostConfig
from boxship.runtime.spec.features import HostFeatures

_MINIMUM_MEMORY = 6 << 20
_MINIMUM_SHARES, _MAXIMUM_SHARES = 2, 262_144
_NANO = 1_000_000_000
_HIGHEST_CPU = 8192


def check_resources(host: HostConfig, features: HostFeatures, *, update: bool = False) -> list[str]:
    """Docker's warnings for limits that are discarded here. InvalidParameter for values out of range.

    update: `host` holds what is to change only, the rest is there already.
    """
    return [
        *_memory(host, features, update=update),
        *_pids(host, features),
        *_cpu(host, features),
        *_cpuset(host, features),
        *_block(host, features),
    ]


def _memory(host: HostConfig, features: HostFeatures, *, update: bool) -> list[str]:
    warnings = []
    memory, swap = host.memory, host.memory_swap
    if memory != 0 and memory < _MINIMUM_MEMORY:
        raise InvalidParameter("Minimum memory limit allowed is 6MB")
    if memory > 0 and not features.memory_limit:
        warnings.append(
            "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded."
        )
        memory, swap = 0, -1
    if memory > 0 and swap != -1 and not features.swap_limit:
        warnings.append(
            "Your kernel does not support swap limit capabilities or the cgroup is not mounted. "
            "Memory limited without swap."
        )
        swap = -1
    if memory > 0 and 0 < swap < memory:
        raise InvalidParameter("Minimum memoryswap limit should be larger than memory limit, see usage")
    if memory == 0 and swap > 0 and not update:
        raise InvalidParameter("You should always set the Memory limit when using Memoryswap limit, see usage")
    swappiness = host.memory_swappiness
    # -1 stands for "as the machine has it".
    if swappiness is not None and swappiness != -1:
        if not features.memory_swappiness:
            warnings.append(
                "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. "
                "Memory swappiness discarded."
            )
        elif not 0 <= swappiness <= 100:
            raise InvalidParameter(f"Invalid value: {swappiness}, valid memory swappiness range is 0-100")
    if host.memory_reservation > 0:
        if not features.memory_reservation:
            warnings.append(
                "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. "
                "Limitation discarded."
            )
        elif host.memory_reservation < _MINIMUM_MEMORY:
            raise InvalidParameter("Minimum memory reservation allowed is 6MB")
        elif 0 < memory < host.memory_reservation:
            raise InvalidParameter("Minimum memory limit can not be less than memory reservation limit, see usage")
    if host.kernel_memory_tcp > 0 and not features.kernel_memory_tcp:
        warnings.append(
            "Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. "
            "Limitation discarded."
        )
    if host.oom_kill_disable:
        if not features.oom_kill_disable:
            warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
        elif memory == 0:
            warnings.append(
                "OOM killer is disabled for the container, but no memory limit is set, this can result in the "
                "system running out of resources."
            )
    return warnings


def _pids(host: HostConfig, features: HostFeatures) -> list[str]:
    if host.pids_limit and host.pids_limit > 0 and not features.pids_limit:
        return [
            "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded."
        ]
    return []


def _cpu(host: HostConfig, features: HostFeatures) -> list[str]:
    warnings = []
    if host.nano_cpus > 0 and host.cpu_period > 0:
        raise InvalidParameter("Conflicting options: Nano CPUs and CPU Period cannot both be set")
    if host.nano_cpus > 0 and host.cpu_quota > 0:
        raise InvalidParameter("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
    if host.nano_cpus > 0 and not features.cpu_cfs:
        raise InvalidParameter(
            "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted"
        )
    if not 0 <= host.nano_cpus <= features.cpus * _NANO:
        raise InvalidParameter(
            f"range of CPUs is from 0.01 to {features.cpus}.00, as there are only {features.cpus} CPUs available"
        )
    if host.cpu_shares < 0:
        raise InvalidParameter(f"invalid CPU shares ({host.cpu_shares}): value must be a positive integer")
    if host.cpu_shares > 0:
        if not features.cpu_shares:
            warnings.append("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.")
        elif host.cpu_shares < _MINIMUM_SHARES:
            raise InvalidParameter(f"the minimum allowed cpu-shares is {_MINIMUM_SHARES}")
        elif host.cpu_shares > _MAXIMUM_SHARES:
            raise InvalidParameter(f"the maximum allowed cpu-shares is {_MAXIMUM_SHARES}")
    if (host.cpu_period or host.cpu_quota) and not features.cpu_cfs:
        warnings.append("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.")
    else:
        if host.cpu_period and not 1000 <= host.cpu_period <= 1_000_000:
            raise InvalidParameter(
                "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
            )
        if 0 < host.cpu_quota < 1000:
            raise InvalidParameter("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if (host.cpu_realtime_period or host.cpu_realtime_runtime) and not features.cpu_realtime:
        raise InvalidParameter("Your kernel does not support CPU real-time scheduler")
    if host.cpu_percent > 0:
        warnings.append("linux does not support CPU percent. Percent discarded.")
    return warnings


def _cpuset(host: HostConfig, features: HostFeatures) -> list[str]:
    if not host.cpuset_cpus and not host.cpuset_mems:
        return []
    if not features.cpuset:
        return ["Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded."]
    wanted = (
        ("cpuset cpus", "CPUs", host.cpuset_cpus, features.cpuset_cpus),
        ("cpuset mems", "memory nodes", host.cpuset_mems, features.cpuset_mems),
    )
    for field, things, asked, available in wanted:
        numbers = _numbers(asked)
        if numbers is None:
            raise InvalidParameter(f"Invalid value {asked} for {field}: invalid format: {asked}")
        if not numbers <= (_numbers(available) or set()):
            raise InvalidParameter(f"Requested {things} are not available - requested {asked}, available: {available}")
    return []


def _numbers(text: str) -> set[int] | None:
    """The numbers of a list such as "0-2,7"; None when it is none (cpuset(7), "List format")."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return None
        low, high = int(first), int(last or first)
        if low > high or high >= _HIGHEST_CPU:
            return None
        found.update(range(low, high + 1))
    return found


def _block(host: HostConfig, features: HostFeatures) -> list[str]:
    warnings = []
    if host.blkio_weight and not features.block_weight:
        warnings.append("Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.")
    elif host.blkio_weight and not 10 <= host.blkio_weight <= 1000:
        raise InvalidParameter("Range of blkio weight is from 10 to 1000")
    if host.io_maximum_bandwidth:
        raise InvalidParameter("invalid option: QoS maximum bandwidth configuration is not supported on linux")
    if host.io_maximum_iops:
        raise InvalidParameter("invalid option: QoS maximum IOPs configuration is not supported on linux")
    if host.blkio_weight_device and not features.block_weight_device:
        warnings.append(
            "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. "
            "Weight-device discarded."
        )
    throttles = (
        ("BPS Block I/O read", "Block I/O BPS read", host.blkio_device_read_bps),
        ("BPS Block I/O write", "Block I/O BPS write", host.blkio_device_write_bps),
        ("IOPS Block read", "Block I/O IOPS read", host.blkio_device_read_iops),
        ("IOPS Block write", "Block I/O IOPS write", host.blkio_device_write_iops),
    )
    for name, limit, devices in throttles:
        if devices and not features.block_throttle:
            warnings.append(
                f"Your kernel does not support {name} limit or the cgroup is not mounted. {limit} limit discarded."
            )
    return warnings
