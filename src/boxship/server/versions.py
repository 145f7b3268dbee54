"""Everything that hangs on the API version that a client speaks (1.24 to 1.51).

The engine speaks 1.51; what older clients expect is made here, and nowhere else. Facts: Docker's API version history
and what a real Docker 28.5 answers on versioned paths.
"""

from typing import Any

import msgspec

from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HostConfig, Mount

Version = tuple[int, ...]

NEWEST = "1.51"
OLDEST = "1.24"


def parse_version(text: str) -> Version:
    """`1.43` as numbers, trailing zeros left out, so that tuples compare as versions do."""
    parts = [int(part or "0") for part in text.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


_NEWEST, _OLDEST = parse_version(NEWEST), parse_version(OLDEST)


def check_version(text: str) -> Version:
    """The version that a client asks for, the newest for "". InvalidParameter when it is not spoken here."""
    version = parse_version(text) if text else _NEWEST
    if version < _OLDEST:
        raise InvalidParameter(
            f"client version {text} is too old. Minimum supported API version is {OLDEST}, please upgrade your "
            "client to a newer version"
        )
    if version > _NEWEST:
        raise InvalidParameter(f"client version {text} is too new. Maximum supported API version is {NEWEST}")
    return version


def answers_in_plain_text(text: str) -> bool:
    """Clients older than any that is served print an error's body as it is: theirs is no JSON."""
    return bool(text) and parse_version(text) < _OLDEST


def stop_signal(request: Request) -> str:
    """The signal of stop and restart: a parameter since 1.42."""
    return request.text("signal") if request.api_version >= (1, 42) else ""


def stream_type(request: Request, *, tty: bool) -> str:
    """The content type of a container's output: that it is multiplexed is said since 1.42."""
    if not tty and request.api_version >= (1, 42):
        return "application/vnd.docker.multiplexed-stream"
    return "application/vnd.docker.raw-stream"


def websocket_text(version: Version) -> bool:
    """Before 1.28, what a container writes goes over a WebSocket in text messages."""
    return bool(version) and version < (1, 28)


def wait_sends_head_first(request: Request) -> bool:
    """Since 1.30 `wait` has conditions and answers its head at once."""
    return request.api_version >= (1, 30)


def console_size(request: Request, size: list[int] | None) -> list[int] | None:
    """A terminal's first size: part of create and exec since 1.42."""
    return size if request.api_version >= (1, 42) else None


def read_only_binds_are_flat(version: Version) -> bool:
    """Before 1.44, what was mounted below a read-only `-v` stayed writable."""
    return version < (1, 44)


def shows_image_create(version: Version) -> bool:
    """Events of images that are made: since 1.46."""
    return version >= (1, 46)


def adapt_create(
    version: Version, config: ContainerConfig, host: HostConfig, networking: dict[str, Any], *, cgroup_v2: bool
) -> tuple[ContainerConfig, HostConfig, dict[str, Any]]:
    """What an older client meant by its create. InvalidParameter for what its version does not have."""
    mounts = [_adapt_mount(version, mount) for mount in host.mounts or []]
    host = msgspec.structs.replace(host, mounts=mounts or host.mounts)
    networking = {**networking}
    endpoints = networking.get("EndpointsConfig") or {}
    changes: dict[str, Any] = {}
    if version < (1, 25):
        # The client itself removed the container then.
        changes["auto_remove"] = False
    if version < (1, 40):
        changes["kernel_memory_tcp"] = 0
        changes["ipc_mode"] = host.ipc_mode or "shareable"
    if version < (1, 41) and not cgroup_v2:
        changes["cgroupns_mode"] = host.cgroupns_mode or "host"
    if version < (1, 42):
        changes["console_size"] = None
    if version < (1, 43):
        changes["annotations"] = None
    if version < (1, 44):
        if config.healthcheck is not None:
            health = msgspec.structs.replace(config.healthcheck, start_interval=0)
            config = msgspec.structs.replace(config, healthcheck=health)
        if len(endpoints) > 1:
            raise InvalidParameter(
                f"Container cannot be created with multiple network endpoints: {', '.join(endpoints)}"
            )
    host = msgspec.structs.replace(host, **changes) if changes else host
    return config, host, networking


def adapt_update(version: Version, config: HostConfig) -> HostConfig:
    """What an older client meant by its update: limits of processes are part of it since 1.40."""
    return msgspec.structs.replace(config, pids_limit=None) if version < (1, 40) else config


# The option group of each mount type.
_GROUPS = {"volume": "volume_options", "bind": "bind_options", "tmpfs": "tmpfs_options"}


def _adapt_mount(version: Version, mount: Mount) -> Mount:
    bind = dict(mount.bind_options) if mount.bind_options is not None else None
    if bind is not None and version < (1, 40):
        bind.pop("NonRecursive", None)
    if bind is not None and version < (1, 42):
        bind.pop("CreateMountpoint", None)
    changes: dict[str, Any] = {"bind_options": bind}
    for kind, field in _GROUPS.items():
        if getattr(mount, field) is None or mount.type == kind:
            continue
        if version >= (1, 42):
            group = field.title().replace("_", "")
            raise InvalidParameter(f'{group} must not be specified on mount type "{mount.type}"')
        if kind != "bind":
            # Nobody looked at these before.
            changes[field] = None
    if version < (1, 44) and mount.type == "bind" and (bind or {}).get("ReadOnlyForceRecursive"):
        raise InvalidParameter("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")
    if version < (1, 44) and mount.type == "bind" and mount.read_only:
        # Until then, what was mounted below a read-only bind stayed writable.
        changes["bind_options"] = {**(changes["bind_options"] or {}), "ReadOnlyNonRecursive": True}
    if version < (1, 45) and (mount.volume_options or {}).get("Subpath"):
        raise InvalidParameter("VolumeOptions.Subpath needs API v1.45 or newer")
    if version < (1, 48) and mount.type == "image":
        raise InvalidParameter('Mount type "Image" needs API v1.48 or newer')
    return msgspec.structs.replace(mount, **changes)


def container_list(version: Version, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The body of `GET /containers/json` for an older client."""
    if version < (1, 48):
        for body in bodies:
            body.pop("ImageManifestDescriptor", None)
            if version < (1, 46):
                body["HostConfig"].pop("Annotations", None)
    return bodies


def container_inspect(version: Version, body: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /containers/{id}/json` for an older client."""
    if version < (1, 48):
        body.pop("ImageManifestDescriptor", None)
    if version < (1, 45):
        for name, endpoint in (body["NetworkSettings"].get("Networks") or {}).items():
            if name not in ("bridge", "host", "none", "default"):
                aliases = [*(endpoint.get("Aliases") or []), body["Id"][:12], body["Config"]["Hostname"]]
                endpoint["Aliases"] = list(dict.fromkeys(aliases))
    return body


def info(version: Version, body: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /info` for an older client."""
    if version < (1, 50):
        body.pop("DiscoveredDevices", None)
        body |= {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
    if version < (1, 49):
        body.pop("FirewallBackend", None)
        for commit in ("ContainerdCommit", "RuncCommit", "InitCommit"):
            if body[commit]["ID"]:
                body[commit] = {**body[commit], "Expected": body[commit]["ID"]}
    if version < (1, 47):
        body["RegistryConfig"] = {
            **body["RegistryConfig"],
            "AllowNondistributableArtifactsCIDRs": None,
            "AllowNondistributableArtifactsHostnames": None,
        }
    if version < (1, 46):
        body.pop("Containerd", None)
    if version < (1, 44):
        body["Runtimes"] = {
            name: {key: value for key, value in runtime.items() if key != "status"}
            for name, runtime in body["Runtimes"].items()
        }
    if version < (1, 42) and body["CgroupVersion"] == "1":
        body["KernelMemory"] = True
    if version < (1, 25):
        options = [option.split(",") for option in body["SecurityOptions"] or []]
        body["SecurityOptions"] = [first.removeprefix("name=") for first, *_ in options]
    return body


def disk_usage(version: Version, body: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /system/df` for an older client."""
    for image in body["Images"] or []:
        # Here, unlike in the list of images, none are null in every version.
        image["RepoTags"] = image["RepoTags"] or None
        image["RepoDigests"] = image["RepoDigests"] or None
        if version < (1, 44):
            image["VirtualSize"] = image["Size"]
    container_list(version, body["Containers"] or [])
    return body


def image_list(version: Version, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The body of `GET /images/json` for an older client."""
    for body in bodies:
        if version < (1, 51):
            body["Containers"] = -1
        if version < (1, 44):
            body["VirtualSize"] = body["Size"]
        if version < (1, 43):
            if not body["RepoTags"] and not body["RepoDigests"]:
                body |= {"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"]}
            body["RepoTags"] = body["RepoTags"] or None
            body["RepoDigests"] = body["RepoDigests"] or None
    return bodies


# What images have in common with containers, but never use: shown until 1.49.
_UNUSED_CONFIG: dict[str, Any] = {
    **dict.fromkeys(("AttachStderr", "AttachStdin", "AttachStdout", "OpenStdin", "StdinOnce", "Tty"), False),
    **dict.fromkeys(("Domainname", "Hostname", "Image"), ""),
}


def image_inspect(version: Version, body: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /images/{name}/json` for an older client."""
    if version < (1, 50):
        body["Config"] = _UNUSED_CONFIG | body["Config"]
    if version < (1, 45):
        # The config of the container that was committed; images have not kept one for long.
        empty = dict.fromkeys(("Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "Volumes"))
        body["ContainerConfig"] = _UNUSED_CONFIG | empty | {"User": "", "WorkingDir": ""}
    if version < (1, 44):
        body.setdefault("Created", "0001-01-01T00:00:00Z")
        body["VirtualSize"] = body["Size"]
    return body
