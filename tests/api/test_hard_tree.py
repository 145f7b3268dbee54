"""A tree of all that is hard to keep goes through load, run, commit, save and load again without a difference."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import hard_tree
from tests.support.api import Api
from tests.support.archives import Image, archive, busybox_root
from tests.support.cli import Cli
from tests.support.tars import Member, file, folder, tar

CHANGES = (
    "rm /hard/empty; chmod 2750 /hard/sticky; ln /hard/fifo /hard/fifo-too; "
    "echo new > /hard/opaque/newer; rm -r /hard/many"
)


@pytest.fixture
def tree(scratch: Path) -> Iterator[Path]:
    """The tree on the disk."""
    path = scratch / "hard"
    path.mkdir()
    hard_tree.make(path)
    yield path
    shutil.rmtree(path)


def upper() -> bytes:
    """A layer of whiteouts and of an opaque folder."""
    opaque = Member("hard/opaque/.wh..wh..opq", tarfile.REGTYPE)
    gone = [file("hard/.wh.gone"), file("hard/.wh.gone-folder")]
    return tar(folder("hard/opaque", 0o711), opaque, file("hard/opaque/shown", b"instead"), *gone)


@contextmanager
def running(docker: Cli, api: Api, image: str, name: str, command: str = "") -> Iterator[str]:
    """The folder of a running container's tree, after a command of it."""
    docker("run", "-d", "--name", name, image, "sleep", "1000").succeeded()
    try:
        if command:
            docker("exec", name, "sh", "-c", command).succeeded()
        pid = api.request("GET", f"/containers/{name}/json").json["State"]["Pid"]
        yield f"/proc/{pid}/root/hard"
    finally:
        docker("rm", "-f", name).succeeded()


def test_nothing_is_lost(docker: Cli, api: Api, client_home: Path, tree: Path, name: str, tmp_path: Path) -> None:
    root, packed, above = busybox_root(client_home / "bin/busybox"), hard_tree.pack(tree, "hard"), upper()
    image = Image(("bx-hard:1",), (root, packed, above))
    docker("load", stdin=archive([image])).succeeded()
    expected = hard_tree.seen(str(tree))
    try:
        with running(docker, api, "bx-hard:1", name, CHANGES) as changed:
            docker("commit", name, "bx-hard:2").succeeded()
            after = hard_tree.seen(changed)
        with running(docker, api, "bx-hard:1", name) as first:
            began = hard_tree.seen(first)
        gone = {path for path in expected if path.partition(b"/")[0] in (b"gone", b"gone-folder", b"opaque")}
        for path in gone:
            del expected[path]
        own = {path: entry for path, entry in began.items() if path.partition(b"/")[0] != b"opaque"}
        # The root's own time is that of its last change: two names went.
        assert hard_tree.differences({**expected, b"": own[b""]}, own) == []
        assert sorted(path for path in began if path.startswith(b"opaque")) == [b"opaque", b"opaque/shown"]

        docker("save", "-o", str(tmp_path / "saved.tar"), "bx-hard:1", "bx-hard:2").succeeded()
        ids = docker("images", "-q", "--no-trunc", "bx-hard").succeeded().lines
        docker("rmi", "bx-hard:2", "bx-hard:1").succeeded()
        docker("load", "-i", str(tmp_path / "saved.tar")).succeeded()
        assert docker("images", "-q", "--no-trunc", "bx-hard").succeeded().lines == ids
        docker("save", "-o", str(tmp_path / "again.tar"), "bx-hard:1", "bx-hard:2").succeeded()
        assert (tmp_path / "saved.tar").read_bytes() == (tmp_path / "again.tar").read_bytes()
        with running(docker, api, "bx-hard:2", name) as again:
            assert hard_tree.differences(after, hard_tree.seen(again)) == []
        with running(docker, api, "bx-hard:1", name) as again:
            assert hard_tree.differences(began, hard_tree.seen(again)) == []
    finally:
        docker("rmi", "-f", "bx-hard:2", "bx-hard:1")
