"""What a spec is built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import NO_RULES, BindRules
from boxship.runtime.spec.features import HostFeatures
from boxship.runtime.spec.labels import NO_LABELS, Labels
from boxship.storage.snapshot.base import OverlayRoot


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A device of the host under its name in the container. kind: "c" or "b"; mode: the permission bits.

    access: what the container may do with it, letters of "rwm"; "" for what its other rules say.
    """

    path: str
    kind: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int
    access: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `boxship.runtime.prepare` found on the host for one container.

    devices: for --device and --privileged. blocks: block device's path -> (major, minor), for the block I/O limits.
    propagation: of the container's root mount, "" for the default.
    """

    devices: tuple[DeviceNode, ...] = ()
    blocks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    propagation: str = ""


NOTHING_PREPARED = Prepared()


@dataclass(frozen=True, slots=True)
class SpecInput:
    """config: merged with the image's; host: with its defaults filled in; both passed `check`.

    rootfs: where the root is (or would be) mounted. cgroup_parent: the control group that the container's goes
    into, unless its HostConfig names another. joined: namespaces of other containers, type as in the OCI spec -> path.
    labels: for SELinux.
    """

    container_id: str
    config: ContainerConfig
    host: HostConfig
    root: OverlayRoot
    rootfs: str
    hostname_path: str
    hosts_path: str
    resolv_conf_path: str
    features: HostFeatures
    cgroup_parent: str = "/boxship"
    prepared: Prepared = NOTHING_PREPARED
    joined: Mapping[str, str] = field(default_factory=dict)
    labels: Labels = NO_LABELS
    binds: BindRules = NO_RULES
