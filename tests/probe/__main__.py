"""`python -m tests.probe`: ask the engine at $PEER_DOCKER_HOST, as root beside it, and keep what it answers.

Every set of options is asked twice; different answers are a fault of the probe and nothing is kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.probe import recorded
from tests.probe.machine import machine_features
from tests.probe.options import OPTIONS
from tests.probe.report import IMAGE, ask, build, image_archive
from tools.clients import clients


def main() -> int:
    """Record; the exit code is 1 when a set gave two answers."""
    host = os.environ.get("PEER_DOCKER_HOST", "")
    if not host.startswith("unix://"):
        print("probe: set PEER_DOCKER_HOST to the unix:// socket of a real Docker Engine", file=sys.stderr)
        return 2
    home = clients()
    environment = os.environ | {"DOCKER_HOST": host}

    def docker(*words: str) -> str:
        command = [str(home / "bin/docker"), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode and words[0] != "rm":
            raise AssertionError(f"docker {' '.join(words)}: {done.stderr}")
        return done.stdout

    reports, failed = {}, 0
    with tempfile.TemporaryDirectory(prefix="boxship-probe-") as name:
        folder, prefix = Path(name), f"probe{os.getpid()}"
        (folder / "image.tar").write_bytes(image_archive(home / "bin/busybox", build(folder)))
        docker("load", "-i", str(folder / "image.tar"))
        for options in OPTIONS:
            first, second = (ask(docker, options, prefix, folder, host.removeprefix("unix://")) for _ in range(2))
            if first != second:
                differing = [section for section in first if first[section] != second.get(section)]
                print(f"{options.name}: two answers, in {', '.join(differing)}", file=sys.stderr)
                failed += 1
            reports[options.name] = first
        docker("rmi", IMAGE)
    if failed:
        return 1
    version = docker("version", "-f", "{{.Server.Version}}").strip()
    recorded.write({"Version": version}, machine_features(), reports)
    print(f"probe: {len(reports)} sets of options")
    return 0


if __name__ == "__main__":
    sys.exit(main())
