"""The unpacked snapshotter: layers come whole or not at all, once however many bring them; power cuts and crashes.

Needs root: layers have owners.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxship.archive.entry import ArchiveError
from boxship.lib.errors import NotFound
from boxship.model.digest import sha256
from boxship.storage.removal import delete
from boxship.storage.snapshot import layer_folders
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter
from tests.support.tars import file, folder, tar

CONTAINER = "c" * 64


@pytest.fixture
def data() -> Iterator[Path]:
    """A data root on a real file system."""
    path = tempfile.mkdtemp(prefix="boxship-snapshot-", dir="/var/tmp")
    yield Path(path)
    while OPENED:
        OPENED.pop().wait()
    delete(path)


OPENED: list[UnpackedSnapshotter] = []


def open_snapshotter(data: Path) -> UnpackedSnapshotter:
    """The snapshotter of a data root; the test's end waits for its background work."""
    OPENED.append(UnpackedSnapshotter(str(data)))
    return OPENED[-1]


def add(snapshotter: UnpackedSnapshotter, content: bytes) -> str:
    """Add a layer; its diff id."""
    path = snapshotter.spool_path()
    Path(path).write_bytes(content)
    diff_id = sha256(content)
    assert snapshotter.add(path, diff_id).diff_id == diff_id
    assert not os.path.exists(path)
    return diff_id


def hidden(data: Path) -> list[str]:
    """Halves and leftovers of all kinds."""
    return [str(path) for path in data.rglob(".*")]


def test_a_layer_is_there_with_its_tar(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    content = tar(file("a", b"12345"), folder("d"))
    diff_id = add(snapshotter, content)
    layer = open_snapshotter(data).layer(diff_id)
    assert layer is not None
    assert (layer.size, layer.tar_size) == (5, len(content))
    assert Path(snapshotter.tar(diff_id)).read_bytes() == content
    assert (data / "layers" / diff_id[7:] / "diff/a").read_bytes() == b"12345"
    assert snapshotter.layers() == {diff_id}
    assert not hidden(data)


def test_nothing_stays_of_a_damaged_layer(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    path = snapshotter.spool_path()
    content = tar(file("a", b"x" * 2000), file("../b"))
    Path(path).write_bytes(content)
    with pytest.raises(ArchiveError):
        snapshotter.add(path, sha256(content))
    assert snapshotter.layers() == set()
    assert not hidden(data)


def test_many_bring_the_same_layer_and_one_unpacks_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshotter = open_snapshotter(data)
    content = tar(*(file(f"f{number}", b"x") for number in range(200)))
    unpacked = []
    started = threading.Barrier(8)
    real = layer_folders.unpack

    def counting(*args: object) -> int:
        unpacked.append(1)
        return real(*args)  # type: ignore[arg-type]

    def bring(_: int) -> str:
        started.wait()
        return add(snapshotter, content)

    monkeypatch.setattr(layer_folders, "unpack", counting)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(bring, range(8))) == {sha256(content)}
    assert unpacked == [1]
    assert not hidden(data)


def test_a_discarded_layer_is_gone_at_once(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    diff_id = add(snapshotter, tar(file("a", b"1")))
    snapshotter.discard([diff_id, "sha256:" + "0" * 64])
    assert snapshotter.layer(diff_id) is None
    with pytest.raises(NotFound):
        snapshotter.prepare(CONTAINER, [diff_id])
    snapshotter.wait()
    assert not hidden(data)


def test_a_containers_root(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    lower, upper = add(snapshotter, tar(file("a"))), add(snapshotter, tar(file("b")))
    old = os.umask(0o077)
    try:
        root = snapshotter.prepare(CONTAINER, [lower, upper])
    finally:
        os.umask(old)
    assert root.lower == tuple(f"{data}/layers/{diff_id[7:]}/diff" for diff_id in (upper, lower))
    assert snapshotter.prepare(CONTAINER, [lower, upper]) == snapshotter.get(CONTAINER) == root
    assert os.stat(root.upper).st_mode & 0o7777 == 0o755
    assert os.path.isdir(root.work)
    assert open_snapshotter(data).get(CONTAINER) == root
    assert snapshotter.containers() == [CONTAINER]
    Path(root.upper, "written").write_text("x")
    snapshotter.remove(CONTAINER)
    snapshotter.remove(CONTAINER)
    assert snapshotter.containers() == []
    with pytest.raises(NotFound, match="never been started"):
        snapshotter.get(CONTAINER)
    assert not hidden(data)


def test_a_start_and_copies_at_once_make_one_root(data: Path) -> None:
    """Whoever comes second uses the first one's, and leaves nothing of its own."""
    snapshotter = open_snapshotter(data)
    diff_id = add(snapshotter, tar(file("base")))
    with ThreadPoolExecutor(8) as threads:
        for number in range(40):
            gate = threading.Barrier(8)

            def prepare(name: str, gate: threading.Barrier = gate) -> str:
                gate.wait(60)
                return snapshotter.prepare(name, [diff_id]).upper

            made = [threads.submit(prepare, f"{number:064x}") for _ in range(8)]
            assert len({future.result() for future in made}) == 1
    assert hidden(data) == []
    assert len(snapshotter.containers()) == 40


def test_a_big_writable_layer_goes_in_the_background(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    root = snapshotter.prepare(CONTAINER, [])
    for number in range(1200):
        Path(root.upper, str(number)).touch()
    snapshotter.remove(CONTAINER)
    assert snapshotter.containers() == []
    snapshotter.wait()
    assert not hidden(data)


def test_an_image_without_layers_has_an_empty_lower_folder(data: Path) -> None:
    root = open_snapshotter(data).prepare(CONTAINER, [])
    assert len(root.lower) == 1
    assert os.listdir(root.lower[0]) == []


def test_the_next_start_sweeps_what_a_kill_left(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    kept = add(snapshotter, tar(file("a")))
    Path(snapshotter.spool_path()).write_bytes(b"half a tar")
    (data / "layers/.new.1/diff/deep").mkdir(parents=True)
    (data / "layers/.gone.2/diff").mkdir(parents=True)
    (data / "snapshots/.new.3/upper").mkdir(parents=True)
    (data / "layers" / ("e" * 64)).mkdir()
    again = open_snapshotter(data)
    again.sweep()
    again.wait()
    assert again.layers() == {kept}
    assert sorted(os.listdir(data / "layers")) == sorted([kept[7:], "empty"])
    assert os.listdir(data / "snapshots") == []


def test_files_that_a_power_cut_may_have_taken_are_unpacked_again(data: Path) -> None:
    snapshotter = open_snapshotter(data)
    diff_id = add(snapshotter, tar(file("a", b"whole"), folder("d"), file("d/b", b"x")))
    snapshotter.wait()
    folder_ = data / "layers" / diff_id[7:]
    note = json.loads((folder_ / "layer.json").read_bytes())
    assert note["boot"] == "", "once the file system is written out, the layer is known to be safe"
    # As if the machine had lost its power before that: the tar was fsynced, the files were not.
    (folder_ / "layer.json").write_text(json.dumps(note | {"boot": "another boot"}))
    (folder_ / "diff/a").write_bytes(b"")
    (folder_ / "diff/d/b").unlink()
    again = open_snapshotter(data)
    again.sweep()
    assert (folder_ / "diff/a").read_bytes() == b"whole"
    assert (folder_ / "diff/d/b").read_bytes() == b"x"
    again.wait()
    assert json.loads((folder_ / "layer.json").read_bytes()) == note
    assert sorted(os.listdir(folder_)) == ["diff", "layer.json", "layer.tar"]
