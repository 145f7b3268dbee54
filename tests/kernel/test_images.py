"""The image store on a real file system: import, load, tag, remove, resolve; crashes and crowds.

Needs root: layers have owners.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from boxship.archive.entry import ArchiveError
from boxship.image.store import ImageStore
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter, NotFound
from boxship.model import platform
from boxship.model.digest import chain_ids, sha256
from boxship.model.image import ContainerUse, ImageRecord
from boxship.model.reference import Reference, parse
from boxship.storage.content import ContentStore
from boxship.storage.database import Database
from boxship.storage.removal import delete
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter
from tests.support.archives import Entry as ArchiveEntry
from tests.support.archives import Image, archive, layer
from tests.support.tars import file, tar

LOWER = layer([ArchiveEntry("lower", b"1")])
UPPER = layer([ArchiveEntry("upper", b"22")])
OTHER = layer([ArchiveEntry("other", b"will be damaged")])
USER = "c" * 64


def open_store(data: Path) -> ImageStore:
    """The store of a data root, as a daemon's start opens it."""
    store = ImageStore(Database(data / "state.db"), ContentStore(str(data / "blobs")), UnpackedSnapshotter(str(data)))
    store.sweep()
    OPENED.append(store)
    return store


@pytest.fixture
def data() -> Iterator[Path]:
    """A data root; at the end nothing hidden may be left in it."""
    path = tempfile.mkdtemp(prefix="boxship-images-", dir="/var/tmp")
    yield Path(path)
    while OPENED:
        settle(OPENED.pop())
    delete(path)


OPENED: list[ImageStore] = []


@pytest.fixture
def store(data: Path) -> Iterator[ImageStore]:
    """An empty store, which has to be tidy at the end."""
    opened = open_store(data)
    yield opened
    settle(opened)
    assert not list(data.rglob(".new*")) + list(data.rglob(".gone*"))


def settle(store: ImageStore) -> None:
    """Wait for the background's work."""
    assert isinstance(store.snapshotter, UnpackedSnapshotter)
    store.snapshotter.wait()


def load(store: ImageStore, content: bytes) -> tuple[list[ImageRecord], list[str]]:
    """Load an archive: the images, and what was said."""
    said: list[str] = []
    return store.load(io.BytesIO(content), said.append), said


def import_(store: ImageStore, content: bytes, name: str = "", *changes: str) -> ImageRecord:
    """Import a root file system."""
    reference: Reference | None = parse(name).with_default_tag() if name else None
    return store.import_rootfs(
        io.BytesIO(content), reference=reference, changes=list(changes), message="", platform=platform.host()
    )


def remove(store: ImageStore, name: str, *, force: bool = False, running: bool | None = None) -> list[str]:
    """Remove an image; `docker rmi`'s lines. running: of the one container that uses every image."""
    users = [] if running is None else [ContainerUse(USER, running)]
    gone = store.remove(name, force=force, parents=True, in_use=lambda _: users)
    return [f"{key}: {value}" for item in gone.items for key, value in item.items()]


def test_an_imported_root_is_an_image(store: ImageStore, data: Path) -> None:
    content = tar(file("etc/hostname", b"x\n"))
    image = import_(store, gzip.compress(content), "a:1", "CMD sh", "ENV A=b")
    assert image.diff_ids == [sha256(content)]
    assert (image.tags, image.size, image.comment, image.os) == (["a:1"], 2, "Imported from -", "linux")
    assert image.config.cmd == ["/bin/sh", "-c", "sh"]
    blob = json.loads(store.config_blob(image.id))
    assert blob["rootfs"] == {"type": "layers", "diff_ids": [sha256(content)]}
    assert blob["history"][0]["comment"] == "Imported from -"
    again = open_store(data)
    assert again.resolve("a:1") == image
    assert (data / "layers" / sha256(content)[7:] / "diff/etc/hostname").read_text() == "x\n"


@pytest.mark.parametrize(
    "content", [b"no tar" * 200, tar(file("../x")), tar(file("a", b"x" * 5000))[:3000], b"\x1f\x8b\x08"]
)
def test_nothing_stays_of_a_bad_import(store: ImageStore, content: bytes) -> None:
    with pytest.raises(ArchiveError):
        import_(store, content, "a:1")
    assert store.all() == []
    assert store.snapshotter.layers() == set()


def test_a_bad_change_is_told_before_anything_is_read(store: ImageStore) -> None:
    class Unread:
        def read(self, size: int, /) -> bytes:
            raise AssertionError("read")

    with pytest.raises(InvalidParameter, match="not a valid change"):
        store.import_rootfs(Unread(), reference=None, changes=["RUN x"], message="", platform=platform.host())
    windows = platform.parse("windows/amd64")
    with pytest.raises(InvalidParameter, match="operating system is not supported"):
        store.import_rootfs(Unread(), reference=None, changes=[], message="", platform=windows)


@pytest.mark.parametrize("compressed", [False, True])
def test_load_what_docker_saves(store: ImageStore, compressed: bool) -> None:
    one = Image(("a:1", "b/c:2"), (LOWER, UPPER), {"Cmd": ["x"]}, compressed=compressed)
    two = Image((), (LOWER, OTHER), compressed=compressed)
    content = archive([one, two])
    loaded, said = load(store, gzip.compress(content) if compressed else content)
    assert [image.id for image in loaded] == [one.id, two.id]
    assert said == ["Loaded image: a:1\n", "Loaded image: b/c:2\n", f"Loaded image ID: {two.id}\n"]
    assert loaded[0].diff_ids == [sha256(LOWER), sha256(UPPER)]
    assert loaded[0].size == 3
    assert store.resolve("b/c:2").config.cmd == ["x"]
    assert store.config_blob(two.id) == two.document
    assert load(store, content)[0] == [store.get(one.id), store.get(two.id)]


def test_load_an_oci_layout(store: ImageStore) -> None:
    image = Image(("a:1",), (LOWER, UPPER), compressed=True)
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive([image]))) as source,
        tarfile.open(fileobj=out, mode="w") as target,
    ):
        for member in source:
            if member.name != "manifest.json":
                target.addfile(member, source.extractfile(member))
    loaded, said = load(store, out.getvalue())
    assert [found.id for found in loaded] == [image.id]
    assert said == ["Loaded image: a:1\n"]


def test_a_name_moves_and_docker_says_so(store: ImageStore) -> None:
    old = import_(store, tar(file("x")), "a:1")
    image = Image(("a:1",), (LOWER,))
    _, said = load(store, archive([image]))
    assert said[0] == (f"The image a:1 already exists, renaming the old one with ID {old.id} to empty string\n")
    assert store.resolve("a:1").id == image.id
    assert store.get(old.id).tags == []


def test_nothing_stays_of_an_image_whose_layer_is_not_what_the_config_says(store: ImageStore) -> None:
    good, bad = Image(("good:1",), (LOWER,)), Image(("bad:1",), (LOWER, UPPER, OTHER))
    content = archive([good, bad]).replace(b"will be damaged", b"it was damaged.")
    with pytest.raises(ArchiveError, match="is damaged: its digest is"):
        load(store, content)
    assert [image.tags for image in store.all()] == [["good:1"]]
    assert store.snapshotter.layers() == {sha256(LOWER)}


def test_a_manifest_with_other_layers_than_the_config_is_refused(store: ImageStore) -> None:
    image = Image(("a:1",), (LOWER,))
    manifest = json.dumps([{"Config": "c", "Layers": [], "RepoTags": []}]).encode()
    with pytest.raises(BoxshipError, match="layers length mismatch: expected 0, got 1"):
        load(store, tar(file("c", image.document), file("manifest.json", manifest)))


def test_resolve(store: ImageStore) -> None:
    image = import_(store, tar(file("x")), "a")
    number = image.id[7:]
    other = "0" if number[0] != "0" else "1"
    for name in ("a", "a:latest", "docker.io/library/a", image.id, number, number[:12], f"sha256:{number[:6]}"):
        assert store.resolve(name) == image
    for name, message in {
        "none": "No such image: none:latest",
        "a:2": "No such image: a:2",
        f"sha256:{other}": f"No such image: sha256:{other}",
        "f" * 64: f"No such image: sha256:{'f' * 64}",
    }.items():
        with pytest.raises(NotFound) as caught:
            store.resolve(name)
        assert caught.value.message == message
    with pytest.raises(InvalidParameter, match="must be lowercase"):
        store.resolve("UPPER")


def test_a_prefix_of_several_images_means_none(store: ImageStore) -> None:
    images = [import_(store, tar(file("x")), "", f"ENV A={number}") for number in range(17)]
    digits = [image.id[7] for image in images]
    ambiguous = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(NotFound, match=f"No such image: {ambiguous}:latest"):
        store.resolve(ambiguous)


def test_a_name_wins_over_an_id_that_begins_so(store: ImageStore) -> None:
    image = import_(store, tar(file("x")))
    other = import_(store, tar(file("y")), image.id[7:15])
    assert store.resolve(image.id[7:15]) == other


def test_remove_by_name_and_by_id(store: ImageStore) -> None:
    image = load(store, archive([Image(("a:1", "a:2"), (LOWER, UPPER))]))[0][0]
    short = image.id[7:19]
    with pytest.raises(Conflict) as caught:
        remove(store, short)
    assert caught.value.message == (
        f"conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
    )
    assert remove(store, "a:1") == ["Untagged: a:1"]
    chain = chain_ids(image.diff_ids)
    assert remove(store, short) == [
        "Untagged: a:2",
        f"Deleted: {image.id}",
        f"Deleted: {chain[1]}",
        f"Deleted: {chain[0]}",
    ]
    assert store.all() == []
    assert store.snapshotter.layers() == set()
    assert image.id not in store.content
    with pytest.raises(NotFound):
        remove(store, image.id)


def test_force_takes_all_names(store: ImageStore) -> None:
    image = load(store, archive([Image(("a:1", "b:1"), (LOWER,))]))[0][0]
    assert remove(store, image.id, force=True) == [
        "Untagged: a:1",
        "Untagged: b:1",
        f"Deleted: {image.id}",
        f"Deleted: {sha256(LOWER)}",
    ]


def test_layers_that_another_image_has_stay(store: ImageStore) -> None:
    one, two = Image(("a:1",), (LOWER, UPPER)), Image(("b:1",), (LOWER,))
    load(store, archive([one, two]))
    assert remove(store, "a:1") == [
        "Untagged: a:1",
        f"Deleted: {one.id}",
        f"Deleted: {chain_ids([sha256(LOWER), sha256(UPPER)])[1]}",
    ]
    assert store.snapshotter.layers() == {sha256(LOWER)}
    assert remove(store, "b:1")[-1] == f"Deleted: {sha256(LOWER)}"


def test_an_image_in_use(store: ImageStore) -> None:
    image = import_(store, tar(file("x")), "a:1")
    short, user = image.id[7:19], USER[:12]
    with pytest.raises(Conflict) as by_name:
        remove(store, "a:1", running=False)
    assert by_name.value.message == (
        f'conflict: unable to remove repository reference "a:1" (must force) - container {user} is using its '
        f"referenced image {short}"
    )
    with pytest.raises(Conflict) as stopped:
        remove(store, short, running=False)
    assert stopped.value.message == (
        f"conflict: unable to delete {short} (must be forced) - image is being used by stopped container {user}"
    )
    for force in (False, True):
        with pytest.raises(Conflict) as running:
            remove(store, short, force=force, running=True)
        assert running.value.message == (
            f"conflict: unable to delete {short} (cannot be forced) - image is being used by running container {user}"
        )
    store.tag("a:1", parse("b:1"))
    assert remove(store, "b:1", running=True) == ["Untagged: b:1"]
    assert remove(store, "a:1", force=True, running=True) == ["Untagged: a:1"], "the image stays, without a name"
    assert remove(store, short, force=True, running=False)[0] == f"Deleted: {image.id}"


def test_the_layers_of_a_container_outlive_its_image(store: ImageStore, data: Path) -> None:
    image = import_(store, tar(file("x")), "a:1")
    database = Database(data / "state.db")
    record = msgspec.json.encode({"diff_ids": image.diff_ids})
    database.write(lambda connection: connection.execute("INSERT INTO containers VALUES (?, 'n', ?)", (USER, record)))
    assert remove(store, "a:1", force=True, running=False) == ["Untagged: a:1", f"Deleted: {image.id}"]
    assert store.snapshotter.prepare(USER, image.diff_ids)
    database.write(lambda connection: connection.execute("DELETE FROM containers"))
    assert store.collect(image.diff_ids) == set(image.diff_ids)
    assert store.snapshotter.layers() == set()


def test_a_lease_keeps_layers(store: ImageStore) -> None:
    image = import_(store, tar(file("x")), "a:1")
    with store.hold(image.id):
        remove(store, "a:1")
        assert store.snapshotter.layers() == set(image.diff_ids)
    store.collect(image.diff_ids)
    assert store.snapshotter.layers() == set()
    with pytest.raises(NotFound), store.hold(image.id):
        pass


def test_loads_and_removals_at_once_never_leave_an_image_without_its_layers(store: ImageStore) -> None:
    content = {name: archive([Image((f"{name}:1",), (LOWER, UPPER))]) for name in "abcd"}

    def churn(name: str) -> None:
        for _ in range(10):
            image = load(store, content[name])[0][0]
            try:
                with store.hold(image.id):
                    assert all(store.snapshotter.layer(diff_id) for diff_id in image.diff_ids)
                remove(store, f"{name}:1")
            except NotFound:
                pass  # the same image by its other names: somebody else removed it

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, content))
    for image in store.all():
        assert all(store.snapshotter.layer(diff_id) for diff_id in image.diff_ids)


def test_the_next_start_removes_what_no_record_names(store: ImageStore, data: Path) -> None:
    kept = import_(store, tar(file("kept")), "a:1")
    lost = import_(store, tar(file("lost")))
    blob = store.content.put(b"no image names this")
    # As if the daemon had been killed between the commit of the removal and the removal of the files.
    store.catalog.remove(lost.id)
    again = open_store(data)
    settle(again)
    assert again.snapshotter.layers() == set(kept.diff_ids)
    assert blob not in again.content and lost.id not in again.content
    assert kept.id in again.content


def test_a_tag_moves_and_is_remembered(store: ImageStore, data: Path) -> None:
    one, two = import_(store, tar(file("x")), "a:1"), import_(store, tar(file("y")), "b:1")
    store.tag("b:1", parse("a:1"))
    assert store.get(one.id).tags == []
    assert store.get(two.id).tags == ["a:1", "b:1"]
    assert store.get(two.id).last_tagged > two.last_tagged
    assert open_store(data).get(two.id) == store.get(two.id)
    with pytest.raises(NotFound):
        store.tag("c:1", parse("d:1"))


def test_a_full_disk_leaves_nothing(store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    import boxship.storage.layers as layers
    import boxship.storage.snapshot.writer as writer

    real = os.write

    class Full:
        """`os` with a disk that takes no more than a page."""

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        def write(self, fd: int, data: bytes) -> int:
            if os.fstat(fd).st_size > 4096:
                raise OSError(28, "No space left on device")
            return real(fd, data[:4096])

    monkeypatch.setattr(layers, "os", Full())
    monkeypatch.setattr(writer, "os", Full())
    with pytest.raises(BoxshipError, match="No space left"):
        import_(store, tar(file("x", bytes(50_000))))
    with pytest.raises(BoxshipError, match="No space left"):
        load(store, archive([Image(("a:1",), (LOWER, UPPER))]))
    assert store.all() == []
    assert store.snapshotter.layers() == set()
