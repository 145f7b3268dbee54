"""What one daemon is told at its start."""

from dataclasses import dataclass, field

from boxship.registry.config import RegistryConfig
from boxship.runtime.runtimes import BUILT_IN


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Absolute paths; instance: a short name of this pair of roots, for cgroups and everything machine-wide.

    log_driver, log_options: what a container gets that asks for no driver of its own. debug: speak of more.
    default_runtime: what runs a container that names none. runtimes: names of other OCI runtimes and their command
    lines, beside those that are found on PATH. registry: mirrors, certificates and proxies. downloads:
    layers that a pull fetches at once; uploads: that a push sends.
    parent: where control groups go, "" for a place of our own. ipc_mode, cgroupns_mode ("" to choose), shm_size
    (bytes, 0 to choose): of containers that say nothing. labels, seccomp_profile: for `info`. close_wait: seconds that
    closing waits for what is under way, None for ever.
    """

    data_root: str
    run_root: str
    instance: str
    socket: str = ""
    log_driver: str = "local"
    log_options: tuple[tuple[str, str], ...] = ()
    debug: bool = False
    default_runtime: str = BUILT_IN
    runtimes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    registry: RegistryConfig = field(default_factory=RegistryConfig)
    downloads: int = 3
    uploads: int = 5
    parent: str = ""
    cgroupns_mode: str = ""
    ipc_mode: str = "private"
    shm_size: int = 0
    labels: tuple[str, ...] = ()
    seccomp_profile: str = "builtin"
    close_wait: float | None = 15.0

    def cgroup_parent(self, driver: str) -> str:
        """Where containers' control groups go that ask for no place of their own: a group, or systemd's slice."""
        if self.parent:
            return self.parent
        return f"boxship-{self.instance}.slice" if driver == "systemd" else f"/boxship/{self.instance}"

    @property
    def filter_folder(self) -> str:
        """Where compiled seccomp filters lie; they can be made again at any time."""
        return f"{self.run_root}/seccomp"

    @property
    def init_layer(self) -> str:
        """The layer that lies below every container's writable one."""
        return f"{self.data_root}/init-layer"

    @property
    def root_folder(self) -> str:
        """Where every container's root is mounted, each in a mount namespace of its own."""
        return f"{self.run_root}/root"

    @property
    def containers_folder(self) -> str:
        """Where each container has a folder."""
        return f"{self.data_root}/containers"

    def container_folder(self, container_id: str) -> str:
        """Where a container's hostname, hosts, resolv.conf and log lie."""
        return f"{self.containers_folder}/{container_id}"

    def bundle_folder(self, container_id: str) -> str:
        """Where the files of one run lie; the launcher makes and removes it."""
        return f"{self.run_root}/c/{container_id}"
