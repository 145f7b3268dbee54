"""The defaults that Docker writes into a HostConfig when a container is made (pure)."""

import msgspec

from boxship.model.config import HostConfig, LogConfig, RestartPolicy

SHM_SIZE = 64 << 20
"""Bytes of /dev/shm."""


def fill_in(
    host: HostConfig,
    *,
    cgroup_v2: bool,
    log_driver: str,
    log_options: dict[str, str],
    runtime: str,
    ipc_mode: str,
    cgroupns_mode: str,
    shm_size: int,
    masked_paths: list[str],
    readonly_paths: list[str],
) -> HostConfig:
    """`host` with everything that was left open decided, as `docker inspect` then shows it.

    ipc_mode, cgroupns_mode ("" to choose), shm_size (0 to choose), runtime, log_driver: the daemon's options.
    """
    log = host.log_config
    if not log.type:
        log = LogConfig(type=log_driver, config={**log_options, **(log.config or {})})
    elif log.config is None:
        log = LogConfig(type=log.type, config={})
    # Nothing is masked from a privileged container; a list that was given, even an empty one, stands.
    mask, read_only = (None, None) if host.privileged else (masked_paths, readonly_paths)
    return msgspec.structs.replace(
        host,
        log_config=log,
        network_mode="bridge" if host.network_mode in ("", "default") else host.network_mode,
        restart_policy=host.restart_policy if host.restart_policy.name else RestartPolicy(name="no"),
        cgroupns_mode=host.cgroupns_mode or _cgroupns_mode(host, cgroupns_mode, cgroup_v2=cgroup_v2),
        ipc_mode=host.ipc_mode or ipc_mode,
        shm_size=host.shm_size or shm_size or SHM_SIZE,
        runtime=host.runtime or runtime,
        console_size=host.console_size or [0, 0],
        # So much swap as memory: what the kernel calls memory and swap together is twice the limit.
        memory_swap=host.memory * 2 if host.memory > 0 and host.memory_swap == 0 else host.memory_swap,
        memory_swappiness=None if host.memory_swappiness == -1 else host.memory_swappiness,
        pids_limit=host.pids_limit if host.pids_limit is not None and host.pids_limit > 0 else None,
        oom_kill_disable=None if cgroup_v2 else bool(host.oom_kill_disable),
        masked_paths=mask if host.masked_paths is None else host.masked_paths,
        readonly_paths=read_only if host.readonly_paths is None else host.readonly_paths,
    )


def _cgroupns_mode(host: HostConfig, wanted: str, *, cgroup_v2: bool) -> str:
    """With cgroup v1 the host's for privileged containers, whatever the option says (moby's daemon_unix.go)."""
    if host.privileged and not cgroup_v2:
        return "host"
    return wanted or ("private" if cgroup_v2 else "host")
