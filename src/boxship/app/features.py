"""What containers can be given here: the machine's features, as far as the daemon's options let them be used."""

import logging
import os
import shutil
from dataclasses import replace

from boxship.app.config import DaemonConfig
from boxship.lib.errors import InvalidParameter
from boxship.runtime.host import find_features
from boxship.runtime.profiles.render import read_profile
from boxship.runtime.spec import HostFeatures

log = logging.getLogger("boxship")


def features_for(config: DaemonConfig) -> HostFeatures:
    """Look at the machine (blocks some milliseconds). InvalidParameter when an option can't be honoured at all."""
    found = find_features()
    systemd = os.path.isdir("/run/systemd/system")
    if config.cgroup_driver == "systemd" and not systemd:
        raise InvalidParameter(
            "the cgroup driver systemd needs systemd as this machine's init, which it is not\n"
            "  to do without:       boxship daemon --exec-opt native.cgroupdriver=cgroupfs"
        )
    # As Docker chooses.
    driver = config.cgroup_driver or ("systemd" if systemd and found.cgroup_v2 else "cgroupfs")
    found = replace(found, cgroup_driver=driver)
    init = found.init_binary
    if config.init_path:
        init = shutil.which(config.init_path) or ""
        if not init:
            raise InvalidParameter(f"--init-path {config.init_path}: no such program")
    if config.init and not init:
        raise InvalidParameter(
            "--init needs a small init on this machine; looked for docker-init, tini-static and catatonit\n"
            "  to install one:      apt-get install tini"
        )
    found = replace(found, init_binary=os.path.abspath(init) if init else "", init_default=config.init)
    found = replace(
        found,
        no_new_privileges=config.no_new_privileges,
        seccomp_default=_seccomp_profile(config.seccomp_profile),
        default_limits=config.default_ulimits,
    )
    parent = config.cgroup_parent
    if driver == "systemd" and parent and (not parent.endswith(".slice") or len(parent) <= 6):
        raise InvalidParameter('cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"')
    if config.selinux_enabled and not found.selinux:
        log.warning("--selinux-enabled has no effect: SELinux, or a policy with labels for containers, is not here")
    if not config.selinux_enabled:
        found = replace(found, selinux=False, selinux_process="", selinux_file="")
    return found


def _seccomp_profile(wanted: str) -> str:
    """As a container's own `--security-opt seccomp=` is kept; a file is read once, here."""
    if wanted in ("", "builtin"):
        return ""
    if wanted == "unconfined":
        return wanted
    try:
        with open(wanted, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidParameter(f"opening seccomp profile ({wanted}) failed: {reason}") from None
    try:
        read_profile(text)
    except InvalidParameter as error:
        raise InvalidParameter(f"--seccomp-profile {wanted}: {error.message}") from None
    return text
