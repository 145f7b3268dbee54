"""`python -m bench`: our engine beside a real Docker, in one run, taking turns.

The peer is the engine at $PEER_DOCKER_HOST (or --peer). Ours is started for the measurements, unless --ours names one
that runs. Medians and ratios; a measurement whose runs did not all succeed gives no number. The exit code is 1 when a
gate is missed or a measurement failed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.daemon import Daemon
from bench.disk import FreshDisk
from bench.errors import MeasurementFailed
from bench.measure import Result, say
from bench.report import as_json, as_table
from bench.side import Side
from bench.work.copy import copy
from bench.work.exec_ import exec_
from bench.work.images import images
from bench.work.logs import logs
from bench.work.many import many
from bench.work.memory import memory
from bench.work.pull import pull
from bench.work.push import push
from bench.work.run import run
from bench.work.startup import startup

Work = Callable[[Sequence[Side], int], list[Result]]
# In this order: memory is measured when both engines have done the same work. The numbers are rounds.
WORKS: dict[str, tuple[Work, int]] = {
    "startup": (startup, 25),
    "run": (run, 15),
    "exec": (exec_, 15),
    "many": (many, 3),
    "logs": (logs, 3),
    "copy": (copy, 5),
    "pull": (pull, 3),
    "push": (push, 3),
    "images": (images, 3),
    "memory": (memory, 3),
}


def main() -> int:
    """Measure, print, tell by the exit code whether the gates are kept."""
    options = _parse()
    with ExitStack() as stack:
        try:
            host = options.ours or stack.enter_context(_daemon(options, stack)).host
            sides = [
                Side("ours", host, options.image, options.docker, options.own_cli, options.through),
                Side("peer", options.peer, options.image, options.docker, options.own_cli, options.through),
            ]
            about = _about(sides)
            _share_image(sides)
        except (MeasurementFailed, OSError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        for side in sides:
            stack.callback(side.remove_own)
        results: list[Result] = []
        for name, (work, rounds) in WORKS.items():
            if not options.only or name in options.only:
                results += work(sides, max(1, round(rounds * options.scale)))
    print(as_json(results, about) if options.json else as_table(results))
    return 0 if all(not result.error and result.passed is not False for result in results) else 1


def _daemon(options: argparse.Namespace, stack: ExitStack) -> Daemon:
    data = stack.enter_context(FreshDisk()).folder if options.disk else None
    return Daemon(options.through, data, options.daemon_options)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--peer", default=os.environ.get("PEER_DOCKER_HOST"), help="the peer, unix:///path")
    parser.add_argument("--ours", help="an engine of ours that runs already, unix:///path")
    parser.add_argument("--image", default="busybox:latest", help="an image of the peer with a shell (%(default)s)")
    parser.add_argument("--docker", default=_docker(), help="the docker CLI (%(default)s)")
    parser.add_argument("--own-cli", default=str(Path(sys.executable).parent / "boxship"), help="ours (%(default)s)")
    parser.add_argument(
        "--through",
        type=shlex.split,
        default=shlex.split(os.environ.get("BENCH_THROUGH", "")),
        help="a command that runs our daemon and a registry in the peer's network, such as nsenter --net=/run/netns/x",
    )
    parser.add_argument("--disk", action="store_true", help="our store on a fresh ext4 of its own, on a loop device")
    parser.add_argument("--daemon-options", type=shlex.split, default=[], help="options of our daemon")
    parser.add_argument("--only", action="append", choices=sorted(WORKS), help="measure this alone; may be repeated")
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer rounds (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON with every sample")
    options = parser.parse_args()
    if not options.peer:
        parser.error("no peer: set PEER_DOCKER_HOST or give --peer, such as unix:///run/docker.sock")
    if not options.docker:
        parser.error("no docker CLI: give --docker, or let `make bench` bring one")
    return options


def _docker() -> str:
    """The docker CLI of this machine, else the one that tools/clients.py keeps."""
    kept = Path(__file__).resolve().parent.parent / ".cache/clients/bin/docker"
    return shutil.which("docker") or (str(kept) if kept.exists() else "")


def _about(sides: Sequence[Side]) -> dict[str, object]:
    """What is compared, for the record."""
    about: dict[str, object] = {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
    }
    for side in sides:
        with side.api() as api:
            version = api.call("GET", "/version")
            running = api.call("GET", "/containers/json")
        about[side.name] = version["Version"]
        if running:
            say(f"bench: {len(running)} containers run on {side.name}: they disturb the measurements\n")
    return about


def _share_image(sides: Sequence[Side]) -> None:
    """Give ours the peer's image: the same files on both sides."""
    ours, peer = sides
    with ours.api() as api:
        tags = {tag for image in api.call("GET", "/images/json") for tag in image["RepoTags"] or ()}
    if ours.image in tags:
        return
    with peer.api() as api:
        made = api.call("POST", f"/containers/create?name={peer.fresh_name()}", {"Image": peer.image, "Cmd": ["true"]})
    try:
        command = [peer.docker, "--host", peer.host, "export", made["Id"]]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as export:
            load = [ours.docker, "--host", ours.host, "import", "-", ours.image]
            done = subprocess.run(load, stdin=export.stdout, capture_output=True, check=False)
        if export.returncode or done.returncode:
            raise MeasurementFailed(f"the image can't be brought over: {done.stderr.decode(errors='replace')}")
    finally:
        peer.remove([made["Id"]])


if __name__ == "__main__":
    sys.exit(main())
