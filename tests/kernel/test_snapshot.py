"""The snapshotters: layers come whole or not at all, once however many bring them; power cuts and crashes; what a
container sees, and what is mounted for it.

Needs root: layers have owners, and images are mounted.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.archive.entry import ArchiveError
from boxship.lib.errors import NotFound
from boxship.model.digest import chain_ids, sha256
from boxship.storage.snapshot.base import KINDS
from boxship.storage.snapshot.makers import HERE
from tests.support.snapshotters import Roots, add, require, roots, seen
from tests.support.tars import file, folder, tar

CONTAINER = "c" * 64
FORMS = {"diff", "layer.index"}


@pytest.fixture
def here() -> Iterator[Roots]:
    """The folders of a daemon."""
    with roots() as made:
        yield made


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the snapshotters."""
    return require(str(request.param))


def test_a_layer_is_there_with_its_tar(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    content = tar(file("a", b"12345"), folder("d"))
    diff_id = add(snapshotter, content)
    layer = here.open(kind).layer(diff_id)
    assert layer is not None
    assert (layer.size, layer.tar_size) == (5, len(content))
    assert Path(snapshotter.tar(diff_id)).read_bytes() == content
    with seen(snapshotter.prepare(CONTAINER, [diff_id])) as root:
        assert (root / "a").read_bytes() == b"12345"
    assert snapshotter.layers() == {diff_id}
    form = "diff" if kind == "folders" else "layer.index"
    assert set(os.listdir(here.data / "layers" / diff_id[7:])) == {"layer.tar", "layer.json", form}
    assert not here.hidden()


def test_nothing_stays_of_a_damaged_layer(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    path = snapshotter.spool_path()
    content = tar(file("a", b"x" * 2000), file("../b"))
    Path(path).write_bytes(content)
    with pytest.raises(ArchiveError):
        snapshotter.add(path, sha256(content))
    assert snapshotter.layers() == set()
    assert not here.hidden()


def test_many_bring_the_same_layer_and_one_does_the_work(here: Roots, kind: str) -> None:
    content = tar(*(file(f"f{number}", b"x") for number in range(200)))
    worked = []
    started = threading.Barrier(8)

    def unpack(tar: str, folder: str) -> int:
        worked.append(1)
        return HERE.unpack(tar, folder)

    def index(tar: str, out: str) -> int:
        worked.append(1)
        return HERE.index(tar, out)

    snapshotter = here.open(kind, replace(HERE, unpack=unpack, index=index))

    def bring(_: int) -> str:
        started.wait()
        return add(snapshotter, content)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(bring, range(8))) == {sha256(content)}
    assert worked == [1]
    assert not here.hidden()


def test_a_discarded_layer_is_gone_at_once(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    diff_id, other = add(snapshotter, tar(file("a", b"1"))), add(snapshotter, tar(file("b", b"1")))
    snapshotter.prepare(CONTAINER, [diff_id, other])
    snapshotter.remove(CONTAINER)
    snapshotter.discard([diff_id, "sha256:" + "0" * 64])
    assert snapshotter.layer(diff_id) is None
    with pytest.raises(NotFound):
        snapshotter.prepare(CONTAINER, [diff_id, other])
    assert not here.hidden()
    assert here.mounted() == []
    assert snapshotter.layers() == {other}
    indexes = here.data / "indexes"
    assert not indexes.exists() or os.listdir(indexes) == []


def test_a_containers_root(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    lower, upper = add(snapshotter, tar(file("a"))), add(snapshotter, tar(file("b")))
    old = os.umask(0o077)
    try:
        root = snapshotter.prepare(CONTAINER, [lower, upper])
    finally:
        os.umask(old)
    if kind == "folders":
        assert root.lower == tuple(f"{here.data}/layers/{diff_id[7:]}/diff" for diff_id in (upper, lower))
    else:
        assert root.lower == (f"{here.run}/images/{chain_ids([lower, upper])[-1][7:]}",)
    assert snapshotter.prepare(CONTAINER, [lower, upper]) == snapshotter.get(CONTAINER) == root
    assert os.stat(root.upper).st_mode & 0o7777 == 0o755
    assert os.path.isdir(root.work)
    assert here.open(kind).get(CONTAINER) == root
    assert snapshotter.containers() == [CONTAINER]
    Path(root.upper, "written").write_text("x")
    with seen(root) as inside:
        assert sorted(os.listdir(inside)) == ["a", "b", "written"]
        assert os.stat(inside).st_mode & 0o7777 == 0o755
    snapshotter.remove(CONTAINER)
    snapshotter.remove(CONTAINER)
    assert snapshotter.containers() == []
    with pytest.raises(NotFound, match="never been started"):
        snapshotter.get(CONTAINER)
    assert not here.hidden()


def test_starts_and_copies_at_once_make_one_root(here: Roots, kind: str) -> None:
    """Whoever comes second uses the first one's, and leaves nothing of its own."""
    snapshotter = here.open(kind)
    diff_id = add(snapshotter, tar(file("base")))
    with ThreadPoolExecutor(8) as threads:
        for number in range(40):
            gate = threading.Barrier(8)

            def prepare(name: str, gate: threading.Barrier = gate) -> str:
                gate.wait(60)
                return snapshotter.prepare(name, [diff_id]).upper

            made = [threads.submit(prepare, f"{number:064x}") for _ in range(8)]
            assert len({future.result() for future in made}) == 1
    assert here.hidden() == []
    assert len(snapshotter.containers()) == 40
    assert len(here.mounted()) == (0 if kind == "folders" else 1)


def test_a_big_writable_layer_goes_in_the_background(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    root = snapshotter.prepare(CONTAINER, [])
    for number in range(1200):
        Path(root.upper, str(number)).touch()
    snapshotter.remove(CONTAINER)
    assert snapshotter.containers() == []
    assert not here.hidden()


def test_an_image_without_layers_has_an_empty_lower_folder(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    snapshotter.expect([])
    root = snapshotter.prepare(CONTAINER, [])
    assert len(root.lower) == 1
    assert os.listdir(root.lower[0]) == []
    assert here.mounted() == []
    assert here.open(kind).get(CONTAINER) == root


def test_the_next_start_sweeps_what_a_kill_left(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    kept = add(snapshotter, tar(file("a")))
    gone = add(snapshotter, tar(file("b")))
    snapshotter.prepare(CONTAINER, [kept, gone])
    snapshotter.remove(CONTAINER)
    Path(snapshotter.spool_path()).write_bytes(b"half a tar")
    (here.data / "layers/.new.1/diff/deep").mkdir(parents=True)
    (here.data / "layers/.gone.2/diff").mkdir(parents=True)
    (here.data / "layers" / gone[7:]).rename(here.data / "layers/.gone.4")
    (here.data / "snapshots/.new.3/upper").mkdir(parents=True)
    (here.data / "indexes/.new.5").mkdir(parents=True)
    (here.data / "layers" / ("e" * 64)).mkdir()
    again = here.open(kind)
    again.sweep()
    again.shed()
    assert not here.hidden()
    assert again.layers() == {kept}
    assert sorted(os.listdir(here.data / "layers")) == sorted([kept[7:], "empty"])
    assert os.listdir(here.data / "snapshots") == []
    if kind == "folders":
        assert not (here.data / "indexes").exists()
    else:
        assert os.listdir(here.data / "indexes") == []
    assert here.mounted() == []


def test_files_that_a_power_cut_may_have_taken_are_made_again(here: Roots, kind: str) -> None:
    snapshotter = here.open(kind)
    diff_id = add(snapshotter, tar(file("a", b"whole"), folder("d"), file("d/b", b"x")))
    snapshotter.wait()
    folder_ = here.data / "layers" / diff_id[7:]
    note = json.loads((folder_ / "layer.json").read_bytes())
    assert note["boot"] == "", "once the file system is written out, the layer is known to be safe"
    # As if the machine had lost its power before that: the tar was fsynced, unpacked files were not.
    (folder_ / "layer.json").write_text(json.dumps(note | {"boot": "another boot"}))
    if kind == "folders":
        (folder_ / "diff/a").write_bytes(b"")
        (folder_ / "diff/d/b").unlink()
    again = here.open(kind)
    again.sweep()
    with seen(again.prepare(CONTAINER, [diff_id])) as root:
        assert (root / "a").read_bytes() == b"whole"
        assert (root / "d/b").read_bytes() == b"x"
    again.wait()
    assert json.loads((folder_ / "layer.json").read_bytes()) == note
    form = "diff" if kind == "folders" else "layer.index"
    assert sorted(os.listdir(folder_)) == sorted([form, "layer.json", "layer.tar"])
