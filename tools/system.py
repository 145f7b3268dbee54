"""Installs the Debian packages that a target needs and this machine lacks: `python3 -m tools.system PACKAGE…`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from tools.debian import ToolError, complain, run


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None or shutil.which(name, path="/usr/sbin:/sbin") is not None


def _venv() -> bool:
    """Debian ships the interpreter without ensurepip; a Python of one's own has it."""
    return importlib.util.find_spec("ensurepip") is not None


PRESENT: dict[str, Callable[[], bool]] = {
    "python3-venv": _venv,
    "bzip2": _command("bzip2"),
    "crun": _command("crun"),
    "debootstrap": _command("debootstrap"),
    "e2fsprogs": _command("mkfs.ext4"),
    "fish": _command("fish"),
    "gcc": _command("gcc"),
    "iproute2": _command("ip"),
    "libc6-dev": lambda: os.path.exists("/usr/include/stdio.h"),
    "mount": _command("mount"),
    "nftables": _command("nft"),
    "openssl": _command("openssl"),
    "procps": _command("ps"),
    "runc": _command("runc"),
    "tini": _command("tini-static"),
    "xz-utils": _command("xz"),
    "zsh": _command("zsh"),
}


def install(packages: list[str]) -> None:
    """Install what is missing; root and apt are needed only then."""
    missing = [package for package in packages if not PRESENT[package]()]
    if not missing:
        return
    line = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ToolError(f"this machine lacks {', '.join(missing)}; as root:\n    {line}")
    print(f"installing {', '.join(missing)}", flush=True)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run(["apt-get", "-qq", "update"])
    run(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing])


def main() -> int:
    """Install the packages named on the command line."""
    unknown = [name for name in sys.argv[1:] if name not in PRESENT]
    if unknown:
        print(f"system: {', '.join(unknown)}: not in the table of {__file__}", file=sys.stderr)
        return 2
    try:
        install(sys.argv[1:])
    except ToolError as error:
        return complain(error)
    except subprocess.SubprocessError as error:
        return complain(ToolError(str(error)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
