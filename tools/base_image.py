"""A base image made from the machine's own Debian mirror, for where no registry can be reached.

`python3 -m tools.base_image` prints the tar of a minimal root file system; the first call runs debootstrap.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from pathlib import Path

from tools.clients import CACHE
from tools.debian import ToolError, codename, complain, mirror, run


def debian_root(cache: Path = CACHE) -> Path:
    """The tar of this machine's own suite as debootstrap's minbase makes it; made once, then reused."""
    suite = codename()
    tar = cache / f"debian-{suite}.tar"
    if tar.exists():
        return tar
    if os.geteuid() != 0:
        raise ToolError("debootstrap needs root")
    root = cache / "debootstrap"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    run(["debootstrap", "--variant=minbase", suite, str(root), mirror()])
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        for path in (root / folder).glob("*"):
            if path.is_file():
                path.unlink()
    fresh = tar.with_suffix(".new")
    run(["tar", "--numeric-owner", "--one-file-system", "--xattrs", "-C", str(root), "-cf", str(fresh), "."])
    with tarfile.open(fresh) as made:
        if made.next() is None:
            raise ToolError(f"{fresh} is empty")
    fresh.rename(tar)
    shutil.rmtree(root)
    return tar


def main() -> int:
    """Print where the tar is."""
    try:
        print(debian_root())
    except ToolError as error:
        return complain(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
