"""kill -9 at each step of load, import, commit, rmi and prune.

What was acknowledged is there, what was removed is gone, and the next start leaves nothing over.

The work runs in a forked process that dies before its n-th change of the disk or the database, for every n.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.image.commit import Commit
from boxship.image.store import ImageStore
from boxship.lib.errors import NotFound
from boxship.model import platform
from boxship.model.digest import sha256
from boxship.model.reference import parse
from boxship.storage.content import ContentStore
from boxship.storage.database import Database
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter
from tests.support.archives import Image, archive
from tests.support.tars import file, folder, tar

LOWER = tar(folder("etc"), file("etc/base", b"base\n"))
UPPER = tar(file("etc/top", b"top\n"))
CHANGED = tar(file("new", b"new\n"))
BASE = Image(("a:1",), (LOWER,))
FULL = Image(("b:1", "b:2"), (LOWER, UPPER))
_CHANGES = frozenset(("os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"))


@pytest.fixture
def root() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="boxship-killed-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


def opened(root: Path) -> ImageStore:
    """The images below a folder, as a daemon has them."""
    return ImageStore(Database(root / "state.db"), ContentStore(f"{root}/blobs"), UnpackedSnapshotter(str(root)))


def load(store: ImageStore) -> None:
    store.load(io.BytesIO(archive([FULL])), lambda text: None)


def import_(store: ImageStore) -> None:
    store.import_rootfs(io.BytesIO(CHANGED), reference=parse("c:1"), changes=[], message="", platform=platform.host())


def commit(store: ImageStore) -> None:
    step = Commit(config={}, created_by="", comment="", author="", docker_version="")
    store.commit(io.BytesIO(CHANGED), parent=BASE.id, step=step, reference=parse("c:1"))


def remove(store: ImageStore) -> None:
    store.remove("b:1", force=False, parents=True, in_use=lambda image: [])
    store.remove("b:2", force=False, parents=True, in_use=lambda image: [])


def prune(store: ImageStore) -> None:
    store.prune(dangling=False, wanted=lambda image: image.id != BASE.id, in_use=lambda image: [])


def dying(root: Path, work: Callable[[ImageStore], None], last: int) -> int:
    """Do the work in a process that dies before its `last` change (0: never); how many changes there were, 0 when it
    died.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(theirs, b"%d" % _counted(opened(root), work, last))
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) == (not said), "the work failed"
    return int(said or b"0")


def _counted(store: ImageStore, work: Callable[[ImageStore], None], last: int) -> int:
    done = 0
    lock = threading.Lock()

    def step() -> None:
        nonlocal done
        with lock:
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, args: tuple[object, ...]) -> None:
        opens = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if event in _CHANGES or opens:
            step()

    write = Database.write

    def stepping(self: Database, function: object) -> object:
        step()
        result = write(self, function)  # type: ignore[arg-type]
        step()
        return result

    Database.write = stepping  # type: ignore[assignment,method-assign]
    sys.addaudithook(hook)
    work(store)
    return done


@pytest.mark.parametrize("work", [load, import_, commit])
def test_what_comes(root: Path, work: Callable[[ImageStore], None]) -> None:
    before = root / "before"
    before.mkdir()
    opened(before).load(io.BytesIO(archive([BASE])), lambda text: None)
    outcomes = _at_each_step(root, before, work)
    assert outcomes == {1, 2}, "both ends were seen: without the new image, and with it"


@pytest.mark.parametrize("work", [remove, prune])
def test_what_goes(root: Path, work: Callable[[ImageStore], None]) -> None:
    before = root / "before"
    before.mkdir()
    opened(before).load(io.BytesIO(archive([BASE, FULL])), lambda text: None)
    outcomes = _at_each_step(root, before, work)
    assert outcomes == {1, 2}


def _at_each_step(root: Path, before: Path, work: Callable[[ImageStore], None]) -> set[int]:
    shutil.copytree(before, root / "whole", symlinks=True)
    steps = dying(root / "whole", work, 0)
    assert steps > 4
    outcomes = {_check(root / "whole")}
    for last in range(1, steps + 1):
        here = root / str(last)
        shutil.copytree(before, here, symlinks=True)
        dying(here, work, last)
        outcomes.add(_check(here))
        shutil.rmtree(here)
    return outcomes


def _check(root: Path) -> int:
    """After the next start: how many images there are. All that is there is whole and belongs to one of them."""
    store = opened(root)
    store.sweep()
    assert isinstance(store.snapshotter, UnpackedSnapshotter)
    store.snapshotter.wait()
    images = store.all()
    assert store.resolve("a:1").id == BASE.id
    layers = {diff_id for image in images for diff_id in image.diff_ids}
    assert store.snapshotter.layers() == layers
    assert {path.name for path in (root / "layers").iterdir() if path.name.startswith(".")} == set()
    assert {f"sha256:{path.name}" for path in (root / "blobs/sha256").iterdir()} == {image.id for image in images}
    for image in images:
        assert sha256(store.config_blob(image.id)) == image.id
    for diff_id in layers:
        assert sha256(Path(store.snapshotter.tar(diff_id)).read_bytes()) == diff_id
    for reference in ("b:1", "b:2"):
        try:
            assert store.resolve(reference).id == FULL.id
        except NotFound:
            pass
    return len(images)
