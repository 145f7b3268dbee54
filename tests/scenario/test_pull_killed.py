"""kill -9 at each step of a pull: what was acknowledged is there, and nothing else is.

The pull runs in a process of its own, without a daemon around it, and dies before its n-th change of the disk or the
database, for every n.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.image.store import ImageStore
from boxship.storage.content import ContentStore
from boxship.storage.database import Database
from boxship.storage.snapshot.erofs import ErofsSnapshotter
from boxship.storage.snapshot.makers import HERE
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter
from tests.support.hostile import scripted
from tests.support.imagery import Image, Layer, Shelf, sha256, tar_of
from tests.support.snapshotters import Opened, require

PULL = """
import os, signal, sys, threading
from tests.scenario.test_pull_killed import opened
from boxship.image.pull.pull import pull
from boxship.image.pull.session import Session
from boxship.model.reference import parse
from boxship.registry.client import Registry
from boxship.registry.config import RegistryConfig
from boxship.storage.database import Database

CHANGES = ("os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate")
root, kind, name, last = *sys.argv[1:4], int(sys.argv[4])
done, lock, begun = 0, threading.Lock(), False

def step():
    global done
    with lock:
        done += begun
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)

def hook(event, args):
    if event in CHANGES or (event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)):
        step()

write = Database.write
def counted(self, function):
    step()
    result = write(self, function)
    step()
    return result
Database.write = counted

store = opened(root, kind)
sys.addaudithook(hook)
begun = True
with Session(Registry(name.partition("/")[0], RegistryConfig(certificate_folders=())), lambda step: None, 3) as session:
    pull(store, session, parse(name), None)
store.snapshotter.wait()
print(done, flush=True)
"""


def opened(root: str, kind: str) -> ImageStore:
    """The images below a folder, as a daemon has them."""
    snapshotter: Opened
    if kind == "folders":
        snapshotter = UnpackedSnapshotter(root, f"{root}/run", HERE)
    else:
        snapshotter = ErofsSnapshotter(root, f"{root}/run", HERE, kind="erofs")
    return ImageStore(Database(Path(root) / "state.db"), ContentStore(f"{root}/blobs"), snapshotter)


@pytest.fixture
def root() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="boxship-killed-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


def pulled(root: Path, kind: str, name: str, last: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PULL, str(root), kind, name, str(last)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["erofs", "folders"])
def test_at_each_step(root: Path, kind: str) -> None:
    require(kind)
    shelf = Shelf()
    base, old, new = Layer(tar_of(1)), Layer(tar_of(2)), Layer(tar_of(3))
    first, second = Image([base, old]), Image([base, new, Layer(tar_of(4))])
    with scripted(shelf.answer) as server:
        name = f"{server.host}/x:1"
        shelf.put("x", "1", first)
        before = root / "before"
        before.mkdir()
        assert pulled(before, kind, name, 0).returncode == 0
        shelf.put("x", "1", second)
        shutil.copytree(before, root / "whole", symlinks=True)
        whole = pulled(root / "whole", kind, name, 0)
        assert whole.returncode == 0, whole.stderr
        steps = int(whole.stdout)
        assert steps > 10
        outcomes = set()
        # What differs between the two is the layer's own form; half of the steps will do for the second.
        for last in (*range(1, steps, 1 if kind == "erofs" else 2), steps, steps + 1):
            here = root / str(last)
            shutil.copytree(before, here, symlinks=True)
            ended = pulled(here, kind, name, last)
            # Threads take turns as they like: the last steps of one run may not come in another.
            assert ended.returncode in (-signal.SIGKILL, 0), ended.stderr
            outcomes.add(_check(here, kind, name, (first, second), acknowledged=ended.returncode == 0))
            shutil.rmtree(here)
    assert outcomes == {first.id, second.id}


def _check(root: Path, kind: str, name: str, images: tuple[Image, Image], *, acknowledged: bool) -> str:
    """The id that the name leads to after the next start; all that is there belongs to an image."""
    store = opened(str(root), kind)
    store.sweep()
    assert isinstance(store.snapshotter, Opened)
    store.snapshotter.wait()
    found = store.resolve(name).id
    wanted = images if found == images[1].id else images[:1]
    assert found == images[1].id or not acknowledged
    assert {image.id for image in store.all()} == {image.id for image in wanted}
    layers = {sha256(layer.tar) for image in wanted for layer in image.layers}
    assert store.snapshotter.layers() == layers
    assert list(root.rglob(".*")) == []
    assert {f"sha256:{path.name}" for path in (root / "blobs/sha256").iterdir()} == {image.id for image in wanted}
    for image in wanted:
        assert store.config_blob(image.id) == image.config_blob()
        for layer in image.layers:
            diff_id = sha256(layer.tar)
            assert sha256(Path(store.snapshotter.tar(diff_id)).read_bytes()) == diff_id
            assert [source.digest for source in store.sources.of(diff_id)] == [layer.digest]
    assert _remembered(root) == layers
    digest = sha256(wanted[-1].manifest())
    assert {str(reference) for reference in store.catalog.references(found)} == {name, f"{name[:-2]}@{digest}"}
    return found


def _remembered(root: Path) -> set[str]:
    database = Database(root / "state.db")
    rows = database.read(lambda connection: connection.execute("SELECT diff_id FROM blobs").fetchall())
    database.close()
    return {diff_id for (diff_id,) in rows}
