"""`boxship oci features`: what this runtime can do, in the shape of the spec's features.md."""

from __future__ import annotations

import json
import os

from boxship.cli.flags import Flag, Parsed
from boxship.kernel.label import apparmor_enabled, selinux_enabled
from boxship.kernel.process import CAPABILITIES
from boxship.kernel.scheduling import MEMORY_FLAGS, MEMORY_MODES
from boxship.kernel.seccomp import compile as seccomp
from boxship.oci.container import OCI_VERSION
from boxship.oci.context import Context
from boxship.shim.mounts import known_options
from boxship.shim.plan import NAMESPACE_FLAGS

USAGE = ""
FLAGS: tuple[Flag, ...] = ()
ARGS = (0, 0)
_HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


def run(context: Context, parsed: Parsed) -> int:
    features = {
        "ociVersionMin": "1.0.0",
        "ociVersionMax": OCI_VERSION,
        "hooks": _HOOKS,
        "mountOptions": known_options(),
        "linux": {
            "namespaces": sorted(NAMESPACE_FLAGS),
            "capabilities": [f"CAP_{name}" for name in CAPABILITIES],
            "cgroup": {"v1": True, "v2": True, "systemd": True, "systemdUser": False, "rdma": True},
            "seccomp": {
                "enabled": True,
                "actions": sorted(seccomp.ACTIONS),
                "operators": sorted(seccomp.OPERATORS),
                "archs": sorted(seccomp.ARCHITECTURES),
                "knownFlags": sorted(seccomp.FLAGS),
                "supportedFlags": sorted(seccomp.FLAGS),
            },
            "apparmor": {"enabled": apparmor_enabled()},
            "selinux": {"enabled": selinux_enabled()},
            "intelRdt": {"enabled": False},
            "mountExtensions": {"idmap": {"enabled": True}},
            "netDevices": {"enabled": True},
            "memoryPolicy": {"modes": sorted(MEMORY_MODES), "flags": sorted(MEMORY_FLAGS)},
        },
    }
    os.write(1, f"{json.dumps(features, indent=2)}\n".encode())
    return 0
