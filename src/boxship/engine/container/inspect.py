"""docker inspect of a container."""

import hashlib
from typing import Any

import msgspec

from boxship.engine.container.files import network_files
from boxship.engine.container.launching import network_owner
from boxship.engine.container.log_target import log_path
from boxship.engine.container.register import Container
from boxship.engine.container.shapes import mounts, networks, port_map
from boxship.engine.container.usage import sizes
from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk, quick
from boxship.lib.clock import rfc3339nano
from boxship.lib.errors import NotFound
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import ContainerState
from boxship.runtime.spec.security import apparmor_profile, read_security

# Keys that Docker leaves out while they are empty.
_OPTIONAL_CONFIG = (
    "ExposedPorts", "Healthcheck", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopSignal", "StopTimeout", "Shell",
)  # fmt: skip
_OPTIONAL_HOST = ("Annotations", "Tmpfs", "StorageOpt", "Sysctls", "Mounts", "Init", "KernelMemoryTCP")


async def inspect(engine: Engine, ref: str, *, size: bool) -> dict[str, Any]:
    """The body of `GET /containers/{id}/json` (API 1.51); size: with SizeRw and SizeRootFs, in bytes. NotFound."""
    container = engine.containers.get(ref)
    record, state = container.record, container.state
    command = record.command
    # Docker fills these in at the first start.
    prepared = state.started_ns != 0 or state.error != ""
    files = network_files(engine.config.container_folder(network_owner(engine, record)))
    body: dict[str, Any] = {
        "Id": record.id,
        "Created": rfc3339nano(record.created_ns),
        "Path": command[0],
        "Args": command[1:],
        "State": state_body(state),
        "Image": record.image_id,
        "ResolvConfPath": files.resolv_conf if prepared else "",
        "HostnamePath": files.hostname if prepared else "",
        "HostsPath": files.hosts if prepared else "",
        "LogPath": log_path(engine, record) if prepared and record.host.log_config.type == "json-file" else "",
        "Name": f"/{record.name}",
        "RestartCount": state.restart_count,
        "Driver": engine.snapshotter.name,
        "Platform": record.platform,
        "MountLabel": record.mount_label,
        "ProcessLabel": record.process_label,
        "AppArmorProfile": _apparmor(engine, record.host, prepared=prepared),
        "ExecIDs": [exec.id for exec in container.execs.values() if not exec.ended] or None,
        "HostConfig": host_body(record.host),
        "GraphDriver": await quick(_graph_driver, engine, record.id),
        "Mounts": mounts(record),
        "Config": config_body(record.config),
        "NetworkSettings": _network_settings(container),
    }
    if size:
        body["SizeRw"], body["SizeRootFs"] = await bulk(sizes, engine, record)
    return body


def state_body(state: ContainerState) -> dict[str, Any]:
    """The API's State. Between two tries of a restart policy a container counts as running, too."""
    body: dict[str, Any] = {
        "Status": state.status,
        "Running": state.phase in ("running", "restarting"),
        "Paused": state.paused,
        "Restarting": state.phase == "restarting",
        "OOMKilled": state.oom_killed,
        "Dead": False,
        "Pid": state.pid,
        "ExitCode": state.exit_code,
        "Error": state.error,
        "StartedAt": rfc3339nano(state.started_ns),
        "FinishedAt": rfc3339nano(state.finished_ns),
    }
    if state.health is not None:
        body["Health"] = {
            "Status": state.health.status,
            "FailingStreak": state.health.failing_streak,
            "Log": [
                {
                    "Start": rfc3339nano(result.start_ns),
                    "End": rfc3339nano(result.end_ns),
                    "ExitCode": result.exit_code,
                    "Output": result.output,
                }
                for result in state.health.log
            ],
        }
    return body


def config_body(config: ContainerConfig) -> dict[str, Any]:
    """A ContainerConfig in the API's JSON."""
    return _without_empty(msgspec.to_builtins(config), _OPTIONAL_CONFIG)


def host_body(host: HostConfig) -> dict[str, Any]:
    """A HostConfig in the API's JSON."""
    return _without_empty(msgspec.to_builtins(host), _OPTIONAL_HOST)


def _without_empty(body: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    for key in optional:
        # `--stop-timeout 0` and `--init=false` are said, not empty.
        if not body[key] and not (key in ("StopTimeout", "Init") and body[key] is not None):
            del body[key]
    return body


def _apparmor(engine: Engine, host: HostConfig, *, prepared: bool) -> str:
    """Before the first start the profile that was asked for, then the one that confines."""
    security = read_security(host.security_opt)
    return apparmor_profile(security, host, engine.host) if prepared else security.apparmor


def _graph_driver(engine: Engine, container_id: str) -> dict[str, Any]:
    """Where the root comes from; the writable layer is made at the first start."""
    try:
        root = engine.snapshotter.get(container_id)
    except NotFound:
        return {"Name": engine.snapshotter.name, "Data": None}
    return {
        "Name": engine.snapshotter.name,
        "Data": {
            "ID": container_id,
            "LowerDir": ":".join(root.lower),
            "UpperDir": root.upper,
            "WorkDir": root.work,
        },
    }


_OF_DEFAULT = (
    *("EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway"),
    "MacAddress",
)


def _network_settings(container: Container) -> dict[str, Any]:
    # Old clients look here for the default bridge.
    shown = networks(container)
    default = shown.get("bridge", {}) if container.state.endpoints else {}
    own = {key: default[key] for key in _OF_DEFAULT if key in default}
    sandbox = hashlib.sha256(f"{container.id}{container.state.started_ns}".encode()).hexdigest()
    return {
        "Bridge": "",
        "SandboxID": sandbox if container.state.endpoints else "",
        "SandboxKey": f"/proc/{container.state.pid}/ns/net" if container.state.endpoints else "",
        "Ports": port_map(container),
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": "",
        "Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "MacAddress": "",
        **own,
        "Networks": shown,
    }
