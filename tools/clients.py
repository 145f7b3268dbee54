"""The real clients, of current versions: docker, docker compose, docker buildx; a static busybox; the real registry
(distribution), which would start a service where it is installed; mkfs.erofs and fsck.erofs, which Debian 12 has only
of a version that knows no tar.

`python3 -m tools.clients` prints the folder that holds `bin/` and `cli-plugins/`; the first call brings them from
Debian testing. They run with the loader and the C library of that suite, so they work on any
Debian; nothing is installed on the machine.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from tools.debian import ToolError, complain, unpack

SUITE = "testing"
PACKAGES = ("docker-cli", "docker-compose", "docker-buildx", "docker-registry", "busybox-static", "erofs-utils")
PLUGINS = ("docker-compose", "docker-buildx")
EROFS = ("mkfs.erofs", "fsck.erofs")
TREE = Path(__file__).resolve().parent.parent
CACHE = TREE / ".cache"


def clients(cache: Path = CACHE) -> Path:
    """The folder of the clients; fetched once, then reused."""
    home = cache / "clients"
    stamp = home / "packages.json"
    if stamp.exists() and json.loads(stamp.read_text()) == [SUITE, *PACKAGES, str(home)]:
        return home
    fresh = cache / "clients.new"
    for old in (fresh, home):
        shutil.rmtree(old, ignore_errors=True)
    unpack(PACKAGES, SUITE, fresh / "root", fresh / "apt")
    shutil.rmtree(fresh / "apt")
    _wrap(fresh, home)
    (fresh / "packages.json").write_text(json.dumps([SUITE, *PACKAGES, str(home)]))
    fresh.rename(home)
    return home


def _wrap(fresh: Path, home: Path) -> None:
    """Write the small scripts that start a client with its own loader. `home` is where the folder will lie."""
    root = fresh / "root"
    loader = next(root.glob("usr/lib*/**/ld-linux*.so*"), None) or next(root.glob("lib*/ld-linux*.so*"), None)
    libraries = next(root.glob("usr/lib/*/libc.so.6"), None)
    if loader is None or libraries is None:
        raise ToolError(f"no C library in {root}: {SUITE}'s packages have changed their layout")
    inside = Path("root")
    start = f"exec {home / loader.relative_to(fresh)} --library-path {home / libraries.parent.relative_to(fresh)}"
    programs = {f"bin/{name}": inside / "usr/bin" / name for name in ("docker", "docker-registry", *EROFS)}
    programs |= {f"cli-plugins/{name}": inside / "usr/libexec/docker/cli-plugins" / name for name in PLUGINS}
    for name, program in programs.items():
        if not (fresh / program).exists():
            raise ToolError(f"no {program} in Debian {SUITE}'s packages")
        script = fresh / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\n{start} --argv0 "$0" {home / program} "$@"\n')
        script.chmod(0o755)
    busybox = next(path for path in (root / "usr/bin/busybox", root / "bin/busybox") if path.exists())
    (fresh / "bin/busybox").symlink_to(Path("..") / busybox.relative_to(fresh))


def main() -> int:
    """Print where the clients are."""
    try:
        print(clients())
    except ToolError as error:
        return complain(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
