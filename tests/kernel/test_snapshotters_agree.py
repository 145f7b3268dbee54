"""One image through all snapshotters: each keeps the tars, makes its own form of them, and shows the same tree.

Needs root.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.storage.snapshot.base import KINDS
from tests.support.snapshotters import Roots, add, require, roots, seen, tree
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

LOWER = tar(
    folder("etc", 0o750, owner=(70_000, 5)),
    file("etc/passwd", b"root:x:0:0::/:/bin/sh\n", mtime=-1.5),
    file("etc/gone", b"whited out above"),
    folder("hidden"),
    file("hidden/old", b"opaque above"),
    folder("usr"),
    folder("usr/lib"),
    symlink("lib", "usr/lib"),
    file("lib/through-a-link", b"x" * 5000),
    file("usr/set-uid", b"#!", mode=0o4755),
    file("usr/capable", b"#!", mode=0o755, xattrs={"user.note": "kept"}),
    file("one", b"1" * 700),
    hardlink("usr/lib/two", "one"),
    file("gone-later"),
    Member("null", tarfile.CHRTYPE, mode=0o666, device=(1, 3)),
    Member("block", tarfile.BLKTYPE, mode=0o600, device=(300, 70_000)),
    Member("pipe", tarfile.FIFOTYPE, mode=0o622),
    file("empty"),
    file("big", os.urandom(200_000)),
    *(file(f"many/{number:04}-{'x' * (number % 40)}", b"%d" % number) for number in range(600)),
    symlink("long-link", "/".join(["somewhere"] * 100)),
)
UPPER = tar(
    file("etc/.wh.gone"),
    folder("hidden", 0o711),
    file("hidden/.wh..wh..opq"),
    file("hidden/new", b"new"),
    file(".wh.gone-later"),
    file("made/without/its/folders", b"y"),
    file("many/0007-xxxxxxx", b"changed"),
)
# They are in no archive of theirs, so unpacking makes them now, and an index has to say something else.
IMPLIED = ("etc", "made", "made/without", "made/without/its", "many")
CONTAINER = "c" * 64


@pytest.fixture
def here() -> Iterator[Roots]:
    """The folders of a daemon."""
    with roots() as made:
        yield made


def shown(inside: Path) -> dict[str, tuple[object, ...]]:
    """The tree, without the times of folders that no archive has brought."""
    found = tree(inside)
    for name in IMPLIED:
        found[name] = (*found[name][:3], None, *found[name][4:])
    return found


# Round in both directions: from each to each.
@pytest.mark.parametrize("order", [KINDS, KINDS[::-1]], ids="-".join)
def test_an_image_moves_between_snapshotters(here: Roots, order: tuple[str, ...]) -> None:
    for kind in order:
        require(kind)
    first = here.open(order[0])
    diff_ids = [add(first, LOWER), add(first, UPPER)]
    trees = {}
    for kind in (*order, order[0]):
        snapshotter = here.open(kind)
        snapshotter.sweep()
        snapshotter.shed()
        snapshotter.expect(diff_ids)
        with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
            trees[kind] = shown(inside)
        snapshotter.close()
        snapshotter.remove(CONTAINER)
        form = "diff" if kind == "folders" else "layer.index"
        assert not here.hidden()
        for diff_id in diff_ids:
            assert set(os.listdir(here.data / "layers" / diff_id[7:])) == {"layer.tar", "layer.json", form}
        assert (here.data / "indexes").exists() == (kind != "folders")
    names = set().union(*trees.values())
    different = {
        name: {kind: trees[kind].get(name) for kind in KINDS}
        for name in names
        if len({str(trees[kind].get(name)) for kind in KINDS}) != 1
    }
    assert different == {}
    assert "etc/gone" not in names and "hidden/old" not in names and len(names) > 620


def test_what_a_container_wrote_stays_when_the_snapshotter_changes(here: Roots) -> None:
    for kind in KINDS:
        require(kind)
    first = here.open("folders")
    diff_ids = [add(first, LOWER), add(first, UPPER)]
    with seen(first.prepare(CONTAINER, diff_ids)) as inside:
        (inside / "etc/passwd").write_bytes(b"changed")
        (inside / "one").unlink()
        (inside / "hidden/new").rename(inside / "hidden/renamed")
        (inside / "usr/lib/mine").write_bytes(b"mine")
        before = shown(inside)
    for kind in ("erofs", "erofs-loop", "folders"):
        snapshotter = here.open(kind)
        snapshotter.sweep()
        snapshotter.shed()
        with seen(snapshotter.prepare(CONTAINER, diff_ids)) as inside:
            assert shown(inside) == before
