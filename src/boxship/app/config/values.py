"""The daemon's configuration as a value."""

import hashlib
import os
from dataclasses import dataclass

from boxship.engine.config import EngineConfig
from boxship.lib.errors import InvalidParameter
from boxship.model.config import Ulimit
from boxship.registry.config import HostSettings, RegistryConfig
from boxship.registry.proxies import Proxies, from_environment
from boxship.runtime.runtimes import BUILT_IN
from boxship.storage.logs.options import parse_size

CONFIG_FILE = "/etc/boxship/config.toml"
LEVELS = ("debug", "info", "warn", "error", "fatal")


class UsageError(InvalidParameter):
    """The command line or the configuration file can't be understood."""


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """Folders are absolute. hosts: "unix:///path" or "tcp://address:port", none for the default."""

    data_root: str = "/var/lib/boxship"
    run_root: str = "/run/boxship"
    hosts: tuple[str, ...] = ()
    group: str = ""
    log_level: str = "info"
    log_driver: str = "local"
    log_opts: tuple[tuple[str, str], ...] = ()
    exec_opts: tuple[str, ...] = ()
    max_concurrent_downloads: int = 3
    max_concurrent_uploads: int = 5
    cgroup_parent: str = ""
    default_cgroupns_mode: str = ""
    default_ipc_mode: str = "private"
    default_shm_size: str = ""
    default_ulimits: tuple[Ulimit, ...] = ()
    labels: tuple[str, ...] = ()
    live_restore: bool = True
    no_new_privileges: bool = False
    seccomp_profile: str = ""
    shutdown_timeout: int = 15
    pidfile: str = ""
    debug: bool = False
    init: bool = False
    init_path: str = ""
    selinux_enabled: bool = False
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    registry: tuple[tuple[str, HostSettings], ...] = ()
    snapshotter: str = ""
    userns_remap: str = ""
    default_runtime: str = BUILT_IN
    runtimes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tls: bool = False
    tlsverify: bool = False
    tlscacert: str = ""
    tlscert: str = ""
    tlskey: str = ""

    def addresses(self) -> tuple[str, ...]:
        """Where to listen."""
        return self.hosts or (f"unix://{self.run_root}/boxship.sock",)

    @property
    def cgroup_driver(self) -> str:
        """What --exec-opt says, the last of several; "" to choose."""
        return next((option.partition("=")[2] for option in reversed(self.exec_opts)), "")

    def for_engine(self) -> EngineConfig:
        """The engine's part. Two daemons on one machine have other roots, and so other names for all they share."""
        roots = f"{os.path.realpath(self.data_root)}\0{os.path.realpath(self.run_root)}"
        sockets = [address.removeprefix("unix://") for address in self.addresses() if address.startswith("unix://")]
        return EngineConfig(
            data_root=self.data_root,
            run_root=self.run_root,
            instance=hashlib.sha256(roots.encode()).hexdigest()[:8],
            socket=sockets[0] if sockets else "",
            log_driver=self.log_driver,
            log_options=self.log_opts,
            debug=self.debug,
            default_runtime=self.default_runtime,
            runtimes=self.runtimes,
            registry=RegistryConfig(
                hosts=dict(self.registry),
                hub_mirrors=tuple(mirror.rstrip("/") for mirror in self.registry_mirrors),
                insecure=self.insecure_registries,
                proxies=self._proxies(),
            ),
            downloads=self.max_concurrent_downloads,
            uploads=self.max_concurrent_uploads,
            parent=self.cgroup_parent,
            cgroupns_mode=self.default_cgroupns_mode,
            ipc_mode=self.default_ipc_mode or "private",
            shm_size=parse_size(self.default_shm_size) if self.default_shm_size else 0,
            labels=self.labels,
            seccomp_profile=self.seccomp_profile or "builtin",
            close_wait=None if self.shutdown_timeout < 0 else float(self.shutdown_timeout),
        )

    def _proxies(self) -> Proxies:
        """The options, and what the environment says where there is none."""
        told = (("HTTP_PROXY", self.http_proxy), ("HTTPS_PROXY", self.https_proxy), ("NO_PROXY", self.no_proxy))
        return from_environment({**os.environ, **{name: value for name, value in told if value}})
