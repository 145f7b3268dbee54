"""Which namespaces a container gets, shares with the host or joins."""

from collections.abc import Mapping

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.config import ContainerConfig, HostConfig
from boxship.runtime.spec.features import HostFeatures

_CONTAINER = "container:"


def network_is_host(host: HostConfig) -> bool:
    return host.network_mode == "host"


def check_modes(config: ContainerConfig, host: HostConfig) -> None:
    """InvalidParameter for modes that do not exist or exclude each other."""
    shared_network = host.network_mode.startswith(_CONTAINER)
    if host.uts_mode == "host" and config.hostname:
        raise InvalidParameter("conflicting options: hostname and the UTS mode")
    if shared_network and config.hostname:
        raise InvalidParameter("conflicting options: hostname and the network mode")
    if host.network_mode == "host" and host.links:
        raise InvalidParameter(
            "conflicting options: host type networking can't be used with links. This would result in undefined "
            "behavior"
        )
    if shared_network and host.dns:
        raise InvalidParameter("conflicting options: dns and the network mode")
    if host.ipc_mode not in ("", "none", "private", "shareable", "host") and not _names_container(host.ipc_mode):
        raise InvalidParameter(f"invalid IPC mode: {host.ipc_mode}")
    if host.pid_mode not in ("", "host") and not _names_container(host.pid_mode):
        raise InvalidParameter(f"invalid PID mode: {host.pid_mode}")
    if host.uts_mode not in ("", "host"):
        raise InvalidParameter(f"invalid UTS mode: {host.uts_mode}")
    if host.userns_mode not in ("", "host"):
        raise InvalidParameter(f"invalid USER mode: {host.userns_mode}")
    if host.cgroupns_mode not in ("", "host", "private"):
        raise InvalidParameter(f"invalid cgroup namespace mode: {host.cgroupns_mode}")


def joined_containers(host: HostConfig) -> dict[str, str]:
    """Namespace's type -> the other container, for each mode "container:NAME"."""
    modes = {"network": host.network_mode, "ipc": host.ipc_mode, "pid": host.pid_mode}
    return {kind: mode.removeprefix(_CONTAINER) for kind, mode in modes.items() if mode.startswith(_CONTAINER)}


def build_namespaces(host: HostConfig, features: HostFeatures, joined: Mapping[str, str]) -> list[dict[str, str]]:
    """`linux.namespaces`. joined: type -> path of a namespace that is there already."""
    namespaces = [{"type": "mount"}]
    if not network_is_host(host):
        namespaces.append(_namespace("network", host.network_mode, joined))
    if host.uts_mode != "host":
        namespaces.append({"type": "uts"})
    if host.pid_mode != "host":
        namespaces.append(_namespace("pid", host.pid_mode, joined))
    if host.ipc_mode != "host":
        namespaces.append(_namespace("ipc", host.ipc_mode, joined))
    private = host.cgroupns_mode == "private" or (not host.cgroupns_mode and features.cgroup_v2)
    if private and features.cgroup_namespaces:
        namespaces.append({"type": "cgroup"})
    return namespaces


def _namespace(kind: str, mode: str, joined: Mapping[str, str]) -> dict[str, str]:
    if kind not in joined:
        if not mode.startswith(_CONTAINER):
            return {"type": kind}
        raise BoxshipError(f"the {kind} namespace of container {mode.removeprefix(_CONTAINER)} was not found")
    return {"type": kind, "path": joined[kind]}


def _names_container(mode: str) -> bool:
    return mode.startswith(_CONTAINER) and len(mode) > len(_CONTAINER)
