"""What this engine calls itself.

Clients compare the version with Docker's to know what they may ask (minikube, testcontainers and others), so it is
the version of the Docker that this engine behaves as; behind the plus sign (semver.org: build metadata, not compared)
stands our own.
"""

import os
import sys
from typing import Any

from boxship import __version__

DOCKER = "28.5.2"
"""The Docker whose behaviour is the measure."""

VERSION = f"{DOCKER}+boxship.{__version__}"
SERVER = f"Docker/{VERSION} (linux)"
"""The Server header; old clients read the operating system from it."""

API_VERSION = "1.51"
MIN_API_VERSION = "1.24"

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}


def architecture(machine: str) -> str:
    """A machine as uname(2) names it, in Go's words."""
    return _ARCHITECTURES.get(machine, machine)


def version() -> dict[str, Any]:
    """The body of `GET /version` (API 1.51)."""
    uname = os.uname()
    arch = architecture(uname.machine)
    # The order of members is Docker's: people see it in `docker version --format json`.
    details = {
        "ApiVersion": API_VERSION,
        "Arch": arch,
        "BuildTime": "",
        "Experimental": "false",
        "GitCommit": "",
        "GoVersion": "",
        "KernelVersion": uname.release,
        "MinAPIVersion": MIN_API_VERSION,
        "Os": "linux",
    }
    python = ".".join(str(part) for part in sys.version_info[:3])
    return {
        "Platform": {"Name": f"Boxship {__version__}"},
        "Components": [
            {"Name": "Engine", "Version": VERSION, "Details": details},
            {"Name": "Boxship", "Version": __version__, "Details": {"Python": python}},
        ],
        "Version": VERSION,
        "ApiVersion": API_VERSION,
        "MinAPIVersion": MIN_API_VERSION,
        "GitCommit": "",
        "GoVersion": "",
        "Os": "linux",
        "Arch": arch,
        "KernelVersion": uname.release,
        "BuildTime": "",
    }
