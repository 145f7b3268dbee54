"""What the tests of this folder build specs from."""

from typing import Any

import msgspec

from boxship.model.config import ContainerConfig, HostConfig
from boxship.runtime.spec import HostFeatures, Prepared, SpecInput, build_spec
from boxship.runtime.spec.labels import NO_LABELS, Labels
from boxship.storage.snapshot.base import OverlayRoot

ID = "4f5e" * 16
CAPABILITIES = (
    *("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"),
    *("CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE"),
    *("CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP"),
)
FEATURES = HostFeatures(
    cpus=2, cpuset_cpus="0-1", capabilities=CAPABILITIES, kernel=(6, 18), init_binary="/usr/bin/tini-static"
)
ROOT = OverlayRoot(("/layers/2", "/layers/1"), "/upper", "/work")


def config(**fields: Any) -> ContainerConfig:
    """A config in the API's spelling."""
    return msgspec.convert({"Cmd": ["true"], **fields}, ContainerConfig)


def host(**fields: Any) -> HostConfig:
    """A HostConfig in the API's spelling."""
    return msgspec.convert({"NetworkMode": "none", **fields}, HostConfig)


def spec(
    *,
    config: ContainerConfig,
    host: HostConfig,
    features: HostFeatures = FEATURES,
    prepared: Prepared | None = None,
    joined: dict[str, str] | None = None,
    labels: Labels = NO_LABELS,
) -> dict[str, Any]:
    """The spec of a container with files and a root at made-up places."""
    return build_spec(
        SpecInput(
            container_id=ID,
            config=config,
            host=host,
            root=ROOT,
            rootfs="/run/root",
            hostname_path="/c/hostname",
            hosts_path="/c/hosts",
            resolv_conf_path="/c/resolv.conf",
            features=features,
            cgroup_parent="/boxship/test",
            prepared=prepared or Prepared(),
            joined=joined or {},
            labels=labels,
        )
    )


def mounts(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The mounts of a spec by their place."""
    return {mount["destination"]: mount for mount in result["mounts"]}
