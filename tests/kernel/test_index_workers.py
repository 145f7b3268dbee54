"""Indexes made by workers: while a tar is still being written, and of all layers of an image. Needs root."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.app.workers import makers
from boxship.archive.entry import ArchiveError
from boxship.model.digest import sha256
from boxship.runtime.launch import Launcher
from boxship.storage.snapshot.makers import HERE, Makers
from tests.support.machine import processes_holding
from tests.support.snapshotters import Roots, add, require, roots, seen
from tests.support.tars import file, folder, hardlink, tar

CONTAINER = "c" * 64
BIG = tar(
    folder("many"),
    *(file(f"many/{number}", b"%d" % number) for number in range(3000)),
    file("big", os.urandom(3 << 20)),
    hardlink("linked", "big"),
    file("last", b"x"),
)


@pytest.fixture(scope="module")
def run_root() -> Iterator[Path]:
    """Of the zygote."""
    with tempfile.TemporaryDirectory(prefix="bx-", dir="/run") as run:
        yield Path(run)


@pytest.fixture(scope="module")
def workers(run_root: Path) -> Iterator[Makers]:
    """What the daemon has the storage use: a launcher on a loop in a thread of its own."""
    require("erofs")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    launcher = Launcher(run_root)
    asyncio.run_coroutine_threadsafe(launcher.connect(), loop).result(60)
    yield makers(launcher)
    os.kill(launcher.zygote_pid, signal.SIGKILL)
    asyncio.run_coroutine_threadsafe(launcher.close(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def here() -> Iterator[Roots]:
    """The folders of a daemon."""
    with roots() as made:
        yield made


def index(here: Roots, diff_id: str) -> bytes:
    """A layer's index."""
    return (here.data / "layers" / diff_id[7:] / "layer.index").read_bytes()


def test_workers_make_the_same_indexes(here: Roots, workers: Makers) -> None:
    snapshotter = here.open("erofs", workers)
    with snapshotter.begin() as writer:
        content = tar(file("many/.wh.7"), file("small", b"s"))
        writer.write(content)
        small = writer.commit(sha256(content)).diff_id
    with snapshotter.begin() as writer:
        for start in range(0, len(BIG), 70_000):
            writer.write(BIG[start : start + 70_000])
        big = writer.commit(sha256(BIG)).diff_id
    with seen(snapshotter.prepare(CONTAINER, [big, small])) as inside:
        assert (inside / "last").read_bytes() == b"x"
        assert len(os.listdir(inside / "many")) == 2999
    assert here.hidden() == []
    with roots() as other:
        in_thread = other.open("erofs", HERE)
        assert [add(in_thread, content) for content in (BIG,)] == [big]
        assert index(other, big) == index(here, big)
        again = other.open("erofs", workers)
        again.discard([big])
        assert add(again, BIG) == big
        assert index(other, big) == index(here, big)


def test_padding_behind_the_end_belongs_to_the_layer(here: Roots, workers: Makers) -> None:
    snapshotter = here.open("erofs", workers)
    content = BIG + bytes(8 << 20)
    with snapshotter.begin() as writer:
        for start in range(0, len(content), 300_000):
            writer.write(content[start : start + 300_000])
            time.sleep(0.01)  # the worker has seen the end long before the last piece comes
        layer = writer.commit(sha256(content))
    assert layer.tar_size == len(content)
    assert index(here, layer.diff_id) and here.hidden() == []


@pytest.mark.parametrize(
    "content",
    [BIG[: (2 << 20) + 700], BIG[:-3072], BIG[: 3 << 20] + b"?" * 512, tar(file("a", bytes(4 << 20)), file("../b"))],
    ids=["cut in a header", "cut in data", "damaged", "hostile"],
)
def test_nothing_stays_of_a_bad_layer(here: Roots, workers: Makers, content: bytes) -> None:
    snapshotter = here.open("erofs", workers)
    with pytest.raises(ArchiveError), snapshotter.begin() as writer:
        for start in range(0, len(content), 300_000):
            writer.write(content[start : start + 300_000])
        writer.commit(sha256(content))
    with pytest.raises(ArchiveError):
        add(snapshotter, content)
    assert snapshotter.layers() == set()
    assert here.hidden() == []


def test_an_aborted_layer_ends_its_worker(here: Roots, workers: Makers, run_root: Path) -> None:
    snapshotter = here.open("erofs", workers)
    descriptors = os.listdir("/proc/self/fd")
    with snapshotter.begin() as writer:
        writer.write(BIG[: 3 << 20])
        assert writer.diff_id
        deadline = time.monotonic() + 30
        while not processes_holding(str(here.data)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert processes_holding(str(here.data))
    deadline = time.monotonic() + 30
    while processes_holding(str(here.data)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_holding(str(here.data)) == {}
    assert here.hidden() == []
    assert os.listdir("/proc/self/fd") == descriptors


def test_a_torn_index_is_made_again(here: Roots, workers: Makers) -> None:
    snapshotter = here.open("erofs", workers)
    big = add(snapshotter, BIG)
    whole = index(here, big)
    (here.data / "layers" / big[7:] / "layer.index").write_bytes(whole[:-100] + bytes(100))
    with seen(snapshotter.prepare(CONTAINER, [big])) as inside:
        assert (inside / "last").read_bytes() == b"x"
    assert index(here, big) == whole
