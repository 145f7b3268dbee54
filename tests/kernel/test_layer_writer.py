"""Layers that come in pieces: whole and right, or not at all. Needs root: layers have owners."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive.entry import ArchiveError
from boxship.lib.errors import BoxshipError
from boxship.model.digest import sha256
from boxship.storage.layers import Layer
from boxship.storage.snapshot.base import KINDS
from boxship.storage.snapshot.writer import LayerWriter, WrongDigest
from tests.support.snapshotters import Opened, Roots, require, roots, seen
from tests.support.tars import file, tar


@pytest.fixture
def here() -> Iterator[Roots]:
    """The folders of a daemon."""
    with roots() as made:
        yield made


@pytest.fixture(params=KINDS)
def snapshotter(here: Roots, request: pytest.FixtureRequest) -> Opened:
    """Each of the snapshotters."""
    return here.open(require(str(request.param)))


def pieces(content: bytes, size: int) -> list[bytes]:
    """`content` in pieces of `size` bytes."""
    return [content[start : start + size] for start in range(0, len(content), size)]


BIG = tar(file("a", os.urandom(3 << 20)), file("b", b"x"))


@pytest.mark.parametrize("size", [1 << 20, 70_000, 4 << 20])
def test_a_layer_in_pieces(here: Roots, snapshotter: Opened, size: int) -> None:
    with snapshotter.begin() as writer:
        for piece in pieces(BIG, size):
            writer.write(piece)
        assert (writer.size, writer.diff_id) == (len(BIG), sha256(BIG))
        layer = writer.commit(sha256(BIG))
    assert layer == snapshotter.layer(sha256(BIG)) == Layer(sha256(BIG), (3 << 20) + 1, len(BIG))
    assert Path(snapshotter.tar(layer.diff_id)).read_bytes() == BIG
    with seen(snapshotter.prepare("c" * 64, [layer.diff_id])) as inside:
        assert (inside / "b").read_bytes() == b"x"
        assert (inside / "a").read_bytes() in BIG
    assert not here.hidden()


def test_a_wrong_digest_leaves_nothing(here: Roots, snapshotter: Opened) -> None:
    for content in (BIG, tar(file("small"))):
        with snapshotter.begin() as writer:
            writer.write(content)
            with pytest.raises(WrongDigest, match="the config says sha256:0000"):
                writer.commit("sha256:" + "0" * 64)
        assert snapshotter.layers() == set()
        assert not here.hidden()


def test_what_is_not_committed_is_forgotten(here: Roots, snapshotter: Opened) -> None:
    with pytest.raises(ZeroDivisionError), snapshotter.begin() as writer:
        writer.write(BIG)
        raise ZeroDivisionError
    with snapshotter.begin() as writer:
        pass
    writer.abort()
    assert not here.hidden()


def test_a_hostile_layer_leaves_nothing(here: Roots, snapshotter: Opened) -> None:
    content = tar(file("a", b"x" * 2000), file("../b"))
    with pytest.raises(ArchiveError), snapshotter.begin() as writer:
        writer.write(content)
        writer.commit(sha256(content))
    assert snapshotter.layers() == set()
    assert not here.hidden()


def test_many_bring_one_layer(here: Roots, snapshotter: Opened) -> None:
    def bring(_: int) -> Layer:
        with snapshotter.begin() as writer:
            for piece in pieces(BIG, 1 << 19):
                writer.write(piece)
            return writer.commit(sha256(BIG))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(bring, range(8)))) == 1
    assert not here.hidden()


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    path = tmp_path / "full"
    writer = LayerWriter(str(path), lambda path, diff_id: Layer(diff_id, 0, 0))
    os.close(writer._fd)
    writer._fd = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(BoxshipError, match=f"cannot write to {tmp_path}: No space left on device"):
        for _ in range(1000):
            writer.write(bytes(1 << 20))
    writer.abort()
    assert not path.exists()


def test_the_observer_stops_it(tmp_path: Path) -> None:
    class Refusing:
        seen = 0

        def feed(self, data: bytes) -> None:
            self.seen += len(data)
            if self.seen > 1 << 20:
                raise ArchiveError("no")

        def finish(self, tar: str, out: str) -> int:
            raise AssertionError("of a layer that was refused")

        def close(self) -> None:
            pass

    observer = Refusing()
    path = tmp_path / "tar"
    with LayerWriter(str(path), lambda path, diff_id: Layer(diff_id, 0, 0), observer) as writer:
        with pytest.raises(ArchiveError, match="no"):
            for _ in range(1000):
                writer.write(bytes(1 << 18))
        with pytest.raises(ArchiveError, match="no"):
            writer.commit("sha256:" + "0" * 64)
    assert not path.exists()
    assert observer.seen <= (1 << 20) + (1 << 18)


@given(st.lists(st.integers(0, 1 << 19), max_size=12))
def test_pieces_of_any_size(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        passed = hashlib.sha256()

        class Watching:
            def feed(self, data: bytes) -> None:
                passed.update(data)

            def finish(self, tar: str, out: str) -> int:
                raise AssertionError("publish does that")

            def close(self) -> None:
                pass

        kept: list[bytes] = []

        def publish(path: str, diff_id: str) -> Layer:
            kept.append(Path(path).read_bytes())
            return Layer(diff_id, 0, 0)

        content = b"".join(bytes([number]) * size for number, size in enumerate(sizes))
        with LayerWriter(f"{folder}/tar", publish, Watching()) as writer:
            for number, size in enumerate(sizes):
                writer.write(bytes([number]) * size)
            writer.commit(sha256(content))
        assert kept == [content]
        assert passed.digest() == hashlib.sha256(content).digest()
