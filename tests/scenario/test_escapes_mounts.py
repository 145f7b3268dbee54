"""CVE-2021-30465 and its kind: places of mounts that links of the image, or of a shared volume, bend.

There, the runtime resolved a mount's place to a path, and mounted on the path a moment later: another container that
shares the volume had put a link in between. Ours are file descriptors that never leave the root.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.archives import Entry, folder, link
from tests.support.attacks import Attacks
from tests.support.cli import Cli

SECRET = "top secret of the host"
ROUNDS = 15
WITHIN = 5.0


@pytest.fixture
def outside(scratch: Path) -> Iterator[Path]:
    """A folder of the host that links lead to: nothing may appear in it or be mounted on it."""
    place = scratch / f"outside-{time.monotonic_ns()}"
    place.mkdir()
    (place / "secret").write_text(SECRET)
    yield place
    assert sorted(os.listdir(place)) == ["secret"]
    assert (place / "secret").read_text() == SECRET
    assert str(place) not in Path("/proc/self/mountinfo").read_text()


def ways_out(outside: Path) -> list[str]:
    """What a link could hold to lead from a container's root to a folder of the host."""
    return [
        str(outside),
        "../" * 40 + str(outside).lstrip("/"),
        f"/proc/self/root{outside}",
        f"/proc/1/root{outside}",
        "/proc/self/cwd",
        "/proc/self/fd/5",
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_bind_over_a_link(
    docker: Cli, api: Api, attacks: Attacks, outside: Path, tmp_path: Path, number: int
) -> None:
    """The bind lies in the container, or the start is refused; what is missing is made in the container."""
    way = ways_out(outside)[number]
    image = attacks.load(api, f"bx/escape-bind:{number}", [link("data", way), folder("more"), link("more/deep", way)])
    (tmp_path / "given").write_text("given")
    for target in ("/data", "/more/deep", "/data/new/folder", "/more/deep/new"):
        script = f"cat {target}/given; cat {target}/secret {outside}/secret"
        said = docker("run", "--rm", "-v", f"{tmp_path}:{target}", image, "sh", "-c", script)
        assert said.code == 125 or said.text == "given", (target, said)
        assert SECRET not in said.text
    for option in (
        ("--tmpfs", "/data"),
        ("--tmpfs", "/more/deep/x"),
        ("-w", "/data/made"),
        ("--device", "/dev/null:/data/n"),
    ):
        assert SECRET not in docker("run", "--rm", *option, image, "sh", "-c", f"cat {outside}/secret").text


def test_the_engines_own_files_over_links(docker: Cli, api: Api, attacks: Attacks, outside: Path) -> None:
    files = ("hosts", "hostname", "resolv.conf")
    for number, way in enumerate(ways_out(outside)):
        victim = f"{way}/secret" if str(outside).lstrip("/") in way else way
        for shape, entries in (
            ("file", [folder("etc"), *(link(f"etc/{file}", victim) for file in files)]),
            ("folder", [Entry(".wh.etc"), link("etc", way)]),
        ):
            image = attacks.load(api, f"bx/escape-files-{shape}:{number}", entries)
            said = docker("run", "--rm", image, "cat", *(f"/etc/{file}" for file in files), "/etc/secret", victim)
            assert said.code in (0, 1, 125) and SECRET not in said.text


@pytest.mark.parametrize("target", ["dev", "dev/pts", "dev/shm", "dev/mqueue", "sys/fs/cgroup"])
def test_our_own_mounts_over_links(docker: Cli, api: Api, attacks: Attacks, outside: Path, target: str) -> None:
    for number, way in enumerate(ways_out(outside)):
        image = attacks.load(api, f"bx/escape-own-{target.replace('/', '-')}:{number}", [link(target, way)])
        said = docker("run", "--rm", image, "sh", "-c", f"cat {outside}/secret; : > {outside}/made")
        assert SECRET not in said.text


@pytest.mark.parametrize("shape", ["bind below", "bind on", "tmpfs below", "workdir", "device"])
def test_a_shared_volume_swapped_meanwhile(
    docker: Cli, api: Api, attacks: Attacks, outside: Path, tmp_path: Path, name: str, shape: str
) -> None:
    """One container exchanges a folder of the volume for a link to the host, as fast as it can; others start."""
    image = attacks.load(api, "bx/escape-swap:1", [folder("attack"), attacks.attack("swap")])
    volume, given = tmp_path / "volume", tmp_path / "given"
    for place in (volume, volume / "real", given):
        place.mkdir()
    (given / "given").write_text("given")
    (volume / "link").symlink_to("../" * 20 + str(outside).lstrip("/"))
    docker("run", "-d", "--name", name, "-v", f"{volume}:/v", image, "/attack/swap", "/v/real", "/v/link").succeeded()
    options = {
        "bind below": ("-v", f"{given}:/v/real/new/place"),
        "bind on": ("-v", f"{given}:/v/real"),
        "tmpfs below": ("--tmpfs", "/v/real/memory"),
        "workdir": ("-w", "/v/real/work/here"),
        "device": ("--device", "/dev/null:/v/real/null"),
    }[shape]
    deadline = time.monotonic() + WITHIN
    for _ in range(ROUNDS):
        if time.monotonic() > deadline:
            break
        said = docker("run", "--rm", "-v", f"{volume}:/v", *options, image, "cat", f"{outside}/secret")
        assert SECRET not in said.text
        # 127: the working folder was swapped once more after it was made.
        assert said.code in (1, 125, 127), said
        assert os.listdir(outside) == ["secret"]
    running = docker("inspect", "-f", "{{.State.Running}}", name).text
    assert running == "true", f"the attack ended: {docker('logs', name).error}"


def test_what_is_mounted_inside_stays_inside(docker: Cli, tmp_path: Path, name: str) -> None:
    """Even root with CAP_SYS_ADMIN in a container makes no mount that the host sees: propagation is one way."""
    (tmp_path / "volume").mkdir()
    script = "mount -t tmpfs inside /v && : > /v/inside && mount -t tmpfs inside /tmp && grep -c inside /proc/mounts"
    options = ("--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined")
    for propagation in ("", ":rprivate"):
        said = docker(
            "run", "--rm", *options, "-v", f"{tmp_path}/volume:/v{propagation}", "bx/base:1", "sh", "-c", script
        )
        assert said.succeeded().text == "2"
        assert os.listdir(tmp_path / "volume") == []
        assert "inside" not in subprocess.run(["cat", "/proc/self/mounts"], capture_output=True, text=True).stdout
