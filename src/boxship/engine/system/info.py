"""docker info."""

import os
import threading
from typing import Any

from boxship.engine.config import EngineConfig
from boxship.engine.engine import Engine
from boxship.engine.system import machine
from boxship.engine.system.identity import engine_id
from boxship.engine.system.registries import proxies, registries
from boxship.engine.system.version import VERSION
from boxship.lib.bridge import quick
from boxship.lib.clock import now_ns, rfc3339nano
from boxship.runtime.runtimes import all_runtimes
from boxship.runtime.spec import HostFeatures


async def info(engine: Engine) -> dict[str, Any]:
    """The body of `GET /info` (API 1.51)."""
    paused = sum(1 for container in engine.containers if container.paused)
    running = sum(1 for container in engine.containers if container.active) - paused
    counts = {
        "Containers": len(engine.containers),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": len(engine.containers) - running - paused,
        "Images": len(engine.images.all()),
    }
    return await quick(_body, engine, counts)


def _body(engine: Engine, counts: dict[str, int]) -> dict[str, Any]:
    config, host, uname = engine.config, engine.host, os.uname()
    return {
        "ID": engine_id(config.data_root),
        **counts,
        "Driver": engine.snapshotter.name,
        # What clients know of overlay2, and which of our ways it is.
        "DriverStatus": [
            ["Backing Filesystem", machine.filesystem_type(config.data_root)],
            ["Supports d_type", "true"],
            ["Using metacopy", "false"],
            ["Native Overlay Diff", "true"],
            ["userxattr", "false"],
            ["Snapshotter", engine.snapshotter.kind],
        ],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "null"],
            "Authorization": None,
            "Log": ["json-file", "local"],
        },
        **_limits(host),
        "IPv4Forwarding": machine.forwards_ipv4(),
        "Debug": config.debug,
        "NFd": machine.open_files(),
        "OomKillDisable": host.oom_kill_disable,
        "NGoroutines": threading.active_count(),
        "SystemTime": rfc3339nano(now_ns()),
        "LoggingDriver": config.log_driver,
        "CgroupDriver": host.cgroup_driver,
        "CgroupVersion": "2" if host.cgroup_v2 else "1",
        "NEventsListener": engine.events.listeners,
        "KernelVersion": uname.release,
        "OperatingSystem": machine.operating_system(),
        "OSVersion": machine.operating_system_version(),
        "OSType": "linux",
        "Architecture": uname.machine,
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": registries(config.registry),
        "NCPU": host.cpus,
        "MemTotal": machine.memory_bytes(),
        "GenericResources": None,
        "DockerRootDir": config.data_root,
        **proxies(config.registry),
        "Name": uname.nodename,
        "Labels": list(config.labels),
        "ExperimentalBuild": False,
        "ServerVersion": VERSION,
        "Runtimes": {name: _runtime(command) for name, command in all_runtimes(config.runtimes).items()},
        "DefaultRuntime": config.default_runtime,
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": "inactive",
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "LiveRestoreEnabled": True,
        "Isolation": "",
        "InitBinary": os.path.basename(host.init_binary),
        "ContainerdCommit": {"ID": ""},
        "RuncCommit": {"ID": ""},
        "InitCommit": {"ID": ""},
        "SecurityOptions": _security(config, host),
        "CDISpecDirs": [],
        "Warnings": _warnings(host, engine.networks.rules_missing) or None,
    }


def _runtime(command: tuple[str, ...]) -> dict[str, Any]:
    return {"path": command[0], **({"runtimeArgs": list(command[1:])} if command[1:] else {})}


def _limits(host: HostFeatures) -> dict[str, bool]:
    limits = {
        "MemoryLimit": host.memory_limit,
        "SwapLimit": host.swap_limit,
        "CpuCfsPeriod": host.cpu_cfs,
        "CpuCfsQuota": host.cpu_cfs,
        "CPUShares": host.cpu_shares,
        "CPUSet": host.cpuset,
        "PidsLimit": host.pids_limit,
    }
    if not host.cgroup_v2:
        limits["KernelMemoryTCP"] = host.kernel_memory_tcp
    return limits


def _security(config: EngineConfig, host: HostFeatures) -> list[str]:
    options = []
    if host.apparmor:
        options.append("name=apparmor")
    if host.seccomp:
        options.append(f"name=seccomp,profile={config.seccomp_profile}")
    if host.selinux:
        options.append("name=selinux")
    if (config.cgroupns_mode or ("private" if host.cgroup_v2 else "host")) == "private" and host.cgroup_namespaces:
        # The default of containers.
        options.append("name=cgroupns")
    if host.no_new_privileges:
        options.append("name=no-new-privileges")
    return options


def _warnings(host: HostFeatures, rules_missing: str) -> list[str]:
    missing = (
        (host.memory_limit, "No memory limit support"),
        (host.swap_limit, "No swap limit support"),
        (host.cpu_shares, "No cpu shares support"),
        (host.cpu_cfs, "No cpu cfs quota support"),
        (host.cpu_cfs, "No cpu cfs period support"),
        (host.cpuset, "No cpuset support"),
    )
    warnings = [f"WARNING: {text}" for there, text in missing if not there]
    if host.apparmor and not host.apparmor_parser:
        warnings.append("WARNING: No apparmor_parser: containers run without the default AppArmor profile")
    if rules_missing:
        warnings.append(f"WARNING: Containers reach nothing outside of their networks: {rules_missing}")
    return warnings
