"""What this machine can do for a container, found once by `boxship.runtime.host`."""

from dataclasses import dataclass

from boxship.model.config import Ulimit


@dataclass(frozen=True, slots=True)
class HostFeatures:
    """Facts about the kernel and the machine; a default means "has it".

    cgroup_v2: the unified hierarchy alone; cgroup_driver: who makes control groups, "cgroupfs" or "systemd". The flags
    from memory_limit to pids_limit say which limits control groups can keep here. cpus: how many processors;
    cpuset_cpus, cpuset_mems: their lists, as "0-3,6".
    capabilities: those that this process may hand on (the bounding set), in the kernel's order. kernel:
    (major, minor). machine: as uname(2). hostname: the host's. init_binary: a small init for --init, "" for none;
    init_default: containers that don't say get it, too (the daemon's --init).
    no_new_privileges, seccomp_default (as in spec/security.py), default_limits: the daemon's options for containers
    that don't say.
    apparmor: the kernel confines by it; apparmor_parser: the program that loads profiles, "" for none.
    selinux: containers get labels; selinux_process, selinux_file: the policy's contexts for them, "" for none.
    """

    cgroup_v2: bool = False
    cgroup_driver: str = "cgroupfs"
    memory_limit: bool = True
    swap_limit: bool = True
    memory_reservation: bool = True
    memory_swappiness: bool = True
    oom_kill_disable: bool = True
    kernel_memory_tcp: bool = True
    cpu_shares: bool = True
    cpu_cfs: bool = True
    cpu_realtime: bool = True
    cpuset: bool = True
    block_weight: bool = True
    block_weight_device: bool = True
    block_throttle: bool = True
    pids_limit: bool = True
    cgroup_namespaces: bool = True
    cpus: int = 1
    cpuset_cpus: str = "0"
    cpuset_mems: str = "0"
    capabilities: tuple[str, ...] = ()
    kernel: tuple[int, int] = (6, 1)
    machine: str = "x86_64"
    seccomp: bool = True
    apparmor: bool = False
    apparmor_parser: str = ""
    selinux: bool = False
    selinux_process: str = ""
    selinux_file: str = ""
    hostname: str = ""
    init_binary: str = ""
    init_default: bool = False
    no_new_privileges: bool = False
    seccomp_default: str = ""
    default_limits: tuple[Ulimit, ...] = ()
