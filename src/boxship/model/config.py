"""What a container runs and how it is confined: the Engine API's ContainerConfig and HostConfig (API 1.51).

Values are frozen; field names are the API's in snake case and the wire names are given where the rule
(PascalCase) does not hit them. Decoding ignores unknown keys, as Docker does.
"""

from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A value that travels as Docker's JSON."""


def named(wire: str, default: Any = msgspec.NODEFAULT) -> Any:
    """A field whose wire name PascalCase does not give."""
    return msgspec.field(name=wire, default=default)


class HealthConfig(Wire, frozen=True, omit_defaults=True):
    """A health check. Times are nanoseconds; 0 inherits the default."""

    test: list[str] | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ContainerConfig(Wire, frozen=True):
    """The portable half: what the image gives and `docker run` overrides."""

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: dict[str, dict[str, Any]] | None = None
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    env: list[str] | None = None
    cmd: list[str] | str | None = None
    healthcheck: HealthConfig | None = None
    args_escaped: bool = False
    image: str = ""
    volumes: dict[str, dict[str, Any]] | None = None
    working_dir: str = ""
    entrypoint: list[str] | str | None = None
    network_disabled: bool = False
    mac_address: str = ""
    on_build: list[str] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None
    shell: list[str] | None = None


class LogConfig(Wire, frozen=True):
    type: str = ""
    config: dict[str, str] | None = None


class PortBinding(Wire, frozen=True):
    host_ip: str = ""
    host_port: str = ""


class RestartPolicy(Wire, frozen=True):
    name: str = ""
    maximum_retry_count: int = 0


class WeightDevice(Wire, frozen=True):
    path: str = ""
    weight: int = 0


class ThrottleDevice(Wire, frozen=True):
    path: str = ""
    rate: int = 0


class DeviceMapping(Wire, frozen=True):
    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""


class Ulimit(Wire, frozen=True):
    """A resource limit; -1 is unlimited."""

    name: str = ""
    hard: int = 0
    soft: int = 0


class Mount(Wire, frozen=True, omit_defaults=True):
    """One `--mount`. The option groups stay as the API sends them."""

    type: str = ""
    source: str = ""
    target: str = ""
    read_only: bool = False
    consistency: str = ""
    bind_options: dict[str, Any] | None = None
    volume_options: dict[str, Any] | None = None
    image_options: dict[str, Any] | None = None
    tmpfs_options: dict[str, Any] | None = None
    cluster_options: dict[str, Any] | None = None


class HostConfig(Wire, frozen=True):
    """The half that depends on the host. Memory in bytes, NanoCpus in 1e-9 CPUs, periods in microseconds."""

    binds: list[str] | None = None
    container_id_file: str = named("ContainerIDFile", "")
    log_config: LogConfig = LogConfig()
    network_mode: str = ""
    port_bindings: dict[str, list[PortBinding] | None] | None = None
    restart_policy: RestartPolicy = RestartPolicy()
    auto_remove: bool = False
    volume_driver: str = ""
    volumes_from: list[str] | None = None
    console_size: list[int] | None = None
    annotations: dict[str, str] | None = None

    cap_add: list[str] | None = None
    cap_drop: list[str] | None = None
    cgroupns_mode: str = ""
    dns: list[str] | None = None
    dns_options: list[str] | None = None
    dns_search: list[str] | None = None
    extra_hosts: list[str] | None = None
    group_add: list[str] | None = None
    ipc_mode: str = ""
    cgroup: str = ""
    links: list[str] | None = None
    oom_score_adj: int = 0
    pid_mode: str = ""
    privileged: bool = False
    publish_all_ports: bool = False
    readonly_rootfs: bool = False
    security_opt: list[str] | None = None
    storage_opt: dict[str, str] | None = None
    tmpfs: dict[str, str] | None = None
    uts_mode: str = named("UTSMode", "")
    userns_mode: str = ""
    shm_size: int = 0
    sysctls: dict[str, str] | None = None
    runtime: str = ""
    isolation: str = ""

    # The API's Resources, up to kernel_memory_tcp: what an update may name, too (model/update.py).
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

    mounts: list[Mount] | None = None
    masked_paths: list[str] | None = None
    readonly_paths: list[str] | None = None
    init: bool | None = None
