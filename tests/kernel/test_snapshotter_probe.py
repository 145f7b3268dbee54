"""Which snapshotter is taken: by what works where the data root lies. Needs root."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.kernel.mountinfo import mounts_below
from boxship.lib.errors import BoxshipError
from boxship.storage.snapshot.base import KINDS
from boxship.storage.snapshot.makers import HERE
from boxship.storage.snapshot.probe import open_snapshotter
from tests.support.snapshotters import Roots, require, roots, seen, why_not
from tests.support.tars import file, tar


@pytest.fixture
def here() -> Iterator[Roots]:
    """The folders of a daemon."""
    with roots() as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_the_one_that_is_asked_for(here: Roots, kind: str) -> None:
    require(kind)
    assert open_snapshotter(kind, str(here.data), str(here.run), HERE).kind == kind
    assert here.hidden() == []
    assert mounts_below(str(here.run)) == []


def test_the_best_that_works(here: Roots) -> None:
    best = next(kind for kind in KINDS if not why_not(kind))
    assert open_snapshotter("", str(here.data), str(here.run), HERE).kind == best


def test_a_data_root_in_memory_is_no_file_for_a_mount() -> None:
    """EROFS wants a file system with blocks below its files: on a tmpfs loop devices serve, on old kernels folders."""
    require("erofs")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as data, tempfile.TemporaryDirectory(dir="/run") as run:
        with pytest.raises(BoxshipError, match=r"the snapshotter erofs does not work in .*\n  to have one chosen"):
            open_snapshotter("erofs", data, run, HERE)
        chosen = open_snapshotter("", data, run, HERE)
        assert chosen.kind == ("folders" if why_not("erofs-loop") else "erofs-loop")
        assert os.listdir(f"{data}/layers") == ["empty"]
        path = chosen.spool_path()
        content = tar(file("a", b"in memory"))
        Path(path).write_bytes(content)
        layer = chosen.begin()
        layer.write(content)
        diff_id = layer.commit(layer.diff_id).diff_id
        os.unlink(path)
        with seen(chosen.prepare("c" * 64, [diff_id])) as inside:
            assert (inside / "a").read_bytes() == b"in memory"
        chosen.close()
        assert mounts_below(run) == []


def test_a_kernel_that_shows_something_else_is_not_trusted(here: Roots) -> None:
    """An image whose file reads differently, as a wrong block size would have it."""

    def merge(layers: Sequence[tuple[str, str]], out: str) -> None:
        HERE.merge(layers, out)
        content = Path(layers[0][1]).read_bytes()
        Path(layers[0][1]).write_bytes(content.replace(b"boxship ", b"another "))

    makers = replace(HERE, merge=merge)
    assert open_snapshotter("", str(here.data), str(here.run), makers).kind == "folders"
    if not why_not("erofs"):
        with pytest.raises(BoxshipError, match="another content than its layer"):
            open_snapshotter("erofs", str(here.data), str(here.run), makers)
    assert here.hidden() == []
    assert mounts_below(str(here.run)) == []


def test_an_unknown_one_is_no_option() -> None:
    from boxship.app.config import UsageError, parse_arguments

    with pytest.raises(UsageError, match="zfs: no such snapshotter"):
        parse_arguments(["--snapshotter", "zfs"])
    config = parse_arguments(["--snapshotter", "folders"])
    assert config is not None and config.snapshotter == "folders"
