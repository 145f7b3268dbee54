"""Whether a configuration makes sense."""

import os
from dataclasses import replace

from boxship.app.config.values import LEVELS, DaemonConfig, UsageError
from boxship.lib.errors import InvalidParameter
from boxship.registry.config import check_mirror
from boxship.runtime.runtimes import runtime_command
from boxship.runtime.spec.process import check_limits
from boxship.storage.logs.options import parse_size
from boxship.storage.snapshot.base import KINDS

CGROUP_DRIVER = "native.cgroupdriver"
_FILES = ("tlscacert", "tlscert", "tlskey")


def check(config: DaemonConfig) -> DaemonConfig:
    """The configuration with absolute folders. UsageError for what makes no sense."""
    for folder in (config.data_root, config.run_root):
        if not os.path.isabs(folder):
            raise UsageError(f"{folder}: the folders of a daemon must be absolute paths")
    if config.log_level not in LEVELS:
        raise UsageError(f"{config.log_level}: no log level (there are {', '.join(LEVELS)})")
    try:
        runtime_command(config.default_runtime, config.runtimes)
    except InvalidParameter:
        raise UsageError(f"specified default runtime '{config.default_runtime}' does not exist") from None
    if config.max_concurrent_downloads < 1:
        raise UsageError(f"invalid max concurrent downloads: {config.max_concurrent_downloads}")
    if config.max_concurrent_uploads < 1:
        raise UsageError(f"invalid max concurrent uploads: {config.max_concurrent_uploads}")
    if not config.live_restore:
        raise UsageError("--live-restore=false: containers always outlive the daemon; stop them before it ends")
    _check_defaults(config)
    if config.userns_remap:
        raise UsageError(
            "--userns-remap is not supported yet, and without it root in a container is root of the machine, with "
            "fewer capabilities\n"
            "  to run a container as somebody else:   docker run --user UID:GID …"
        )
    if config.snapshotter not in ("", *KINDS):
        raise UsageError(f"--snapshotter {config.snapshotter}: no such snapshotter (there are {', '.join(KINDS)})")
    for option in config.exec_opts:
        key, _, value = option.partition("=")
        if key != CGROUP_DRIVER:
            raise UsageError(f"--exec-opt {option}: no such option (there is {CGROUP_DRIVER})")
        if value not in ("", "systemd", "cgroupfs"):
            raise UsageError(f"{CGROUP_DRIVER} option {value} not supported (there are systemd and cgroupfs)")
    for mirror in config.registry_mirrors:
        try:
            check_mirror(mirror)
        except InvalidParameter as error:
            raise UsageError(error.message) from None
    _check_tls(config)
    return replace(config, data_root=os.path.normpath(config.data_root), run_root=os.path.normpath(config.run_root))


def _check_defaults(config: DaemonConfig) -> None:
    """What containers get that ask for nothing."""
    mode = config.default_ipc_mode
    if mode not in ("", "private", "shareable"):
        raise UsageError(f'IPC mode "{mode}" is not supported as default value; use "shareable" or "private"')
    mode = config.default_cgroupns_mode
    if mode not in ("", "private", "host"):
        raise UsageError(f'invalid default cgroup namespace ({mode}): use "host" or "private"')
    if config.default_shm_size:
        try:
            parse_size(config.default_shm_size)
        except ValueError as error:
            raise UsageError(f"--default-shm-size: {error}") from None
    try:
        check_limits(list(config.default_ulimits))
    except InvalidParameter as error:
        raise UsageError(error.message) from None
    values: dict[str, str] = {}
    for label in config.labels:
        key, equals, value = label.partition("=")
        if not equals:
            raise UsageError(f"bad attribute format: {label}")
        if values.setdefault(key, value) != value:
            raise UsageError(f"conflict labels for {key}={value} and {key}={values[key]}")


def _check_tls(config: DaemonConfig) -> None:
    given = [name for name in _FILES if getattr(config, name)]
    if not config.tls and not config.tlsverify:
        if given:
            # Never in the clear what somebody wanted encrypted.
            raise UsageError(f"--{given[0]} goes with --tlsverify, or with --tls on the loopback; say which")
        return
    needed = _FILES if config.tlsverify else ("tlscert", "tlskey")
    for name in needed:
        if name not in given:
            asked = "--tlsverify" if config.tlsverify else "--tls"
            raise UsageError(f"{asked} needs {', '.join(f'--{each}' for each in needed)}: --{name} is missing")
