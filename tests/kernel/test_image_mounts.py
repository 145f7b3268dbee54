"""Mounted images: one mount for all containers, found again after a kill, gone when nobody needs it.

Needs root: images are mounted.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship.kernel import mount
from boxship.lib.errors import BoxshipError
from boxship.model.digest import chain_ids
from tests.support.machine import loop_devices
from tests.support.snapshotters import Opened, Roots, add, require, roots, seen
from tests.support.tars import file, folder, tar

CONTAINER = "c" * 64
OTHER = "d" * 64


@pytest.fixture
def here() -> Iterator[Roots]:
    """The folders of a daemon."""
    with roots() as made:
        yield made


@pytest.fixture(params=["erofs", "erofs-loop"])
def kind(request: pytest.FixtureRequest) -> str:
    """The snapshotters that mount images."""
    return require(str(request.param))


def image(snapshotter: Opened, name: str = "a") -> list[str]:
    """An image of one layer with one file."""
    return [add(snapshotter, tar(file(name, name.encode())))]


def device(here: Roots, diff_ids: list[str]) -> int:
    """The device number of an image's mount."""
    return os.stat(here.run / "images" / chain_ids(diff_ids)[-1][7:]).st_dev


def test_containers_share_a_mount(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    diff_ids = image(snapshotter)
    first = snapshotter.prepare(CONTAINER, diff_ids)
    before = device(here, diff_ids)
    assert snapshotter.prepare(OTHER, diff_ids).lower == first.lower
    snapshotter.remove(CONTAINER)
    assert device(here, diff_ids) == before
    assert len(here.mounted()) == 1


def test_some_idle_images_stay_mounted_and_the_oldest_goes(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    held = image(snapshotter, "held")
    snapshotter.prepare(OTHER, held)
    names = [chain_ids(held)[-1][7:]]
    for number in range(20):
        diff_ids = image(snapshotter, f"f{number}")
        names.append(chain_ids(diff_ids)[-1][7:])
        snapshotter.prepare(CONTAINER, diff_ids)
        snapshotter.remove(CONTAINER)
    snapshotter.wait()
    assert sorted(here.mounted()) == sorted([names[0], *names[-16:]])
    assert sorted(os.listdir(here.run / "images")) == sorted(here.mounted())


def test_a_mount_that_somebody_took_away_comes_back(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    diff_ids = image(snapshotter)
    root = snapshotter.prepare(CONTAINER, diff_ids)
    mount.unmount(root.lower[0])
    with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
        assert (inside / "a").read_bytes() == b"a"


def test_the_next_daemon_uses_a_killed_ones_mounts(here: Roots, kind: str) -> None:
    killed = here.open(kind)
    used, idle, lost = image(killed, "used"), image(killed, "idle"), image(killed, "lost")
    killed.prepare(CONTAINER, used)
    for diff_ids in (idle, lost):
        killed.prepare(OTHER, diff_ids)
        killed.remove(OTHER)
    devices = device(here, used), device(here, idle)
    # Something that is none of ours where the images are, and an image whose index is gone.
    stray = here.run / "images" / "stray"
    stray.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", stray], check=True)
    (here.data / "indexes" / chain_ids(lost)[-1][7:] / "index").unlink()

    following = here.open(kind)
    following.sweep()
    assert sorted(here.mounted()) == sorted(chain_ids(each)[-1][7:] for each in (used, idle))
    following.prepare(CONTAINER, used)
    following.prepare(OTHER, idle)
    assert (device(here, used), device(here, idle)) == devices
    with seen(following.prepare(OTHER, lost)) as inside:
        assert os.listdir(inside) == ["lost"]


def test_a_container_goes_on_when_all_is_unmounted(here: Roots, kind: str) -> None:
    loops = loop_devices()
    snapshotter = here.open(kind)
    diff_ids = image(snapshotter)
    with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
        snapshotter.close()
        assert here.mounted() == []
        assert not (here.run / "images").exists()
        assert (inside / "a").read_bytes() == b"a"
        if kind == "erofs-loop":
            assert loop_devices() != loops
    deadline = time.monotonic() + 10
    while loop_devices() - loops and time.monotonic() < deadline:
        time.sleep(0.05)  # the kernel frees them a moment later
    assert loop_devices() - loops == set()


def test_a_mount_that_fails_says_what_to_do(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    diff_ids = image(snapshotter)
    snapshotter.expect(diff_ids)
    snapshotter.wait()
    (here.data / "indexes" / chain_ids(diff_ids)[-1][7:] / "index").write_bytes(bytes(4096))
    with pytest.raises(BoxshipError, match=r"cannot mount the image.*\n.*--snapshotter folders"):
        snapshotter.prepare(CONTAINER, diff_ids)
    assert here.mounted() == []


def test_the_other_snapshotter_takes_the_mounts_away(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    diff_ids = image(snapshotter)
    with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
        following = here.open("folders")
        following.sweep()
        assert here.mounted() == []
        assert (inside / "a").read_bytes() == b"a"


@pytest.mark.parametrize("count", [127, 500])
def test_many_layers(here: Roots, count: int) -> None:
    snapshotter = here.open(require("erofs"))
    layers = [
        tar(folder("all"), file(f"all/{number}", b"%d" % number), file("last", b"%d" % number))
        for number in range(count)
    ]
    with ThreadPoolExecutor(16) as pool:  # each waits for the disk
        diff_ids = list(pool.map(lambda layer: add(snapshotter, layer), layers))
    with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
        assert len(os.listdir(inside / "all")) == count
        assert (inside / "last").read_bytes() == b"%d" % (count - 1)
        assert (inside / "all/0").read_bytes() == b"0"


def test_127_layers_on_loop_devices(here: Roots) -> None:
    loops = loop_devices()
    snapshotter = here.open(require("erofs-loop"))
    diff_ids = [add(snapshotter, tar(file(f"{number}", b"x"))) for number in range(127)]
    with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
        assert len(os.listdir(inside)) == 127
        assert len(loop_devices() - loops) == 128
        assert {Path(inside, f"{number}").read_bytes() for number in range(127)} == {b"x"}


def test_a_tar_in_memory_is_read_there_and_one_on_the_disk_only_once(here: Roots) -> None:
    """The option `directio` of the mount: not after a pull, but after a start of the machine."""
    snapshotter = here.open(require("erofs"))
    diff_id = add(snapshotter, tar(file("a", os.urandom(3 << 20))))
    path = snapshotter.tar(diff_id)
    Path(path).read_bytes()
    snapshotter.prepare(CONTAINER, [diff_id])
    assert not any("directio" in line for line in lines(here))
    snapshotter.close()
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    with seen(snapshotter.prepare(CONTAINER, [diff_id])) as inside:
        assert all("directio" in line for line in lines(here))
        assert (inside / "a").read_bytes() in Path(path).read_bytes()


def lines(here: Roots) -> list[str]:
    """Of this process's mounts, those of images."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(here.run) in line]
