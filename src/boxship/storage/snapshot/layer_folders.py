"""Layers as folders on disk: how they come, how they go, and how they survive a power cut.

<diff id>/diff          the files, as overlayfs takes them for a lower folder
<diff id>/layer.tar     the uncompressed tar, bit for bit: `save` and `push` give it out again
<diff id>/layer.json    its sizes, and whether the files are known to be on the disk
"""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from boxship.archive.reader import TarReader
from boxship.archive.unpack import unpack
from boxship.kernel.sync import syncfs
from boxship.lib.atomic import sync_folder, write_atomic
from boxship.lib.errors import BoxshipError, NotFound
from boxship.model.digest import hex_part
from boxship.storage.layers import Layer
from boxship.storage.removal import Background, Bin, delete
from boxship.storage.snapshot.base import Unpacker


@dataclass(frozen=True, slots=True)
class _Note:
    """layer.json. boot: the kernel's boot id when the files were unpacked; "" once they are safe on the disk."""

    size: int
    tar_size: int
    boot: str

    def write(self, folder: str, *, durable: bool) -> None:
        text = json.dumps({"size": self.size, "tar_size": self.tar_size, "boot": self.boot})
        write_atomic(f"{folder}/layer.json", text.encode(), mode=0o600, durable=durable)

    @staticmethod
    def read(folder: str) -> "_Note":
        with open(f"{folder}/layer.json", "rb") as file:
            values = json.load(file)
        return _Note(int(values["size"]), int(values["tar_size"]), str(values["boot"]))


class _Adding:
    """The calls of `add` for one layer: the first builds, the others wait and find it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.callers = 0


class LayerFolders:
    """The layers of one data root; any thread may call."""

    def __init__(self, folder: str, background: Background, unpacker: Unpacker) -> None:
        """`folder` exists. background: does what nobody waits for."""
        self._unpack = unpacker
        self._layers = folder
        self._bin = Bin(folder)
        self._background = background
        self._lock = threading.Lock()
        self._known: dict[str, Layer] = {}
        self._adding: dict[str, _Adding] = {}

    def spool_path(self) -> str:
        """A new path for a tar that `add` will take."""
        return self._bin.new_name()

    def add(self, tar: str, diff_id: str) -> Layer:
        """See `Snapshotter.add`: unpacked in private, published by one rename."""
        building = self._bin.new_name()
        try:
            with self._alone(diff_id):
                return self.layer(diff_id) or self._build(tar, diff_id, building)
        except OSError as error:
            raise BoxshipError(f"cannot store layer {diff_id} in {self._layers}: {error.strerror}") from error
        finally:
            delete(tar)
            delete(building)

    def layer(self, diff_id: str) -> Layer | None:
        """A layer that is here, None when it is not."""
        with self._lock:
            known = self._known.get(diff_id)
        if known is not None:
            return known
        try:
            note = _Note.read(self.folder(diff_id))
        except FileNotFoundError:
            return None
        layer = Layer(diff_id, note.size, note.tar_size)
        with self._lock:
            self._known[diff_id] = layer
        return layer

    def layers(self) -> set[str]:
        """The diff ids of all layers that are here."""
        return {f"sha256:{name}" for name in os.listdir(self._layers) if len(name) == 64}

    def tar(self, diff_id: str) -> str:
        """The path of a layer's tar. NotFound when it is not here."""
        if self.layer(diff_id) is None:
            raise missing(diff_id)
        return f"{self.folder(diff_id)}/layer.tar"

    def discard(self, diff_ids: Iterable[str]) -> None:
        """Remove layers: the names are gone at once, the files go in the background."""
        for diff_id in diff_ids:
            with self._lock:
                self._known.pop(diff_id, None)
            if (gone := self._bin.take(hex_part(diff_id))) is not None:
                self._delete_later(gone)

    def sweep(self) -> None:
        """Remove leftovers; unpack again what a power cut may have taken away."""
        for path in self._bin.leftovers():
            self._delete_later(path)
        boot = _boot_id()
        unsafe = False
        for diff_id in self.layers():
            folder = self.folder(diff_id)
            note = _try_read(folder)
            if note is None:
                self.discard([diff_id])  # not ours: every layer is published with its note
            elif note.boot == boot:
                unsafe = True
            elif note.boot:
                self._unpack_again(folder, note)
                unsafe = True
        if unsafe:
            self._background.add(self._make_safe)

    def _build(self, tar: str, diff_id: str, building: str) -> Layer:
        os.mkdir(building, 0o700)
        _make_open(f"{building}/diff")
        os.rename(tar, f"{building}/layer.tar")
        size = self._unpack(f"{building}/layer.tar", f"{building}/diff")
        tar_size = _sync_file(f"{building}/layer.tar")
        _Note(size, tar_size, _boot_id()).write(building, durable=True)
        os.rename(building, self.folder(diff_id))
        sync_folder(self._layers)
        self._background.add(self._make_safe)
        layer = Layer(diff_id, size, tar_size)
        with self._lock:
            self._known[diff_id] = layer
        return layer

    def _unpack_again(self, folder: str, note: _Note) -> None:
        # The tar is on the disk for certain, of the files only those that the kernel had written by then.
        for name in os.listdir(folder):
            if name not in ("layer.tar", "layer.json"):
                delete(f"{folder}/{name}")
        _make_open(f"{folder}/diff")
        self._unpack(f"{folder}/layer.tar", f"{folder}/diff")
        _Note(note.size, note.tar_size, _boot_id()).write(folder, durable=True)

    def _make_safe(self) -> None:
        # An fsync for each of 20,000 files would take longer than all the rest; one for the whole file system,
        # with nobody waiting for it, does the same.
        folders = [self.folder(diff_id) for diff_id in self.layers()]
        unsafe = [(folder, note) for folder in folders if (note := _try_read(folder)) is not None and note.boot]
        if not unsafe:
            return
        fd = os.open(self._layers, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            syncfs(fd)
        finally:
            os.close(fd)
        for folder, note in unsafe:
            try:
                _Note(note.size, note.tar_size, "").write(folder, durable=False)
            except FileNotFoundError:
                pass  # removed meanwhile

    @contextmanager
    def _alone(self, diff_id: str) -> Iterator[None]:
        with self._lock:
            adding = self._adding.setdefault(diff_id, _Adding())
            adding.callers += 1
        try:
            with adding.lock:
                yield
        finally:
            with self._lock:
                adding.callers -= 1
                if adding.callers == 0:
                    del self._adding[diff_id]

    def folder(self, diff_id: str) -> str:
        """Where a layer lies when it is here."""
        return f"{self._layers}/{hex_part(diff_id)}"

    def _delete_later(self, path: str) -> None:
        def job() -> None:
            delete(path)

        self._background.add(job)


def unpack_here(tar: str, folder: str) -> int:
    """An `Unpacker` that works in the calling thread."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with open(tar, "rb", buffering=0) as file:
            return unpack(TarReader(file.read), fd)
    finally:
        os.close(fd)


def _make_open(path: str) -> None:
    """Whatever the umask is: it becomes the root of containers."""
    os.mkdir(path)
    os.chmod(path, 0o755)


def _sync_file(path: str) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def _try_read(folder: str) -> _Note | None:
    try:
        return _Note.read(folder)
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _boot_id() -> str:
    # proc_sys_kernel(5): a random value, new with each boot
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def missing(diff_id: str) -> NotFound:
    """The error for a layer that is not here."""
    return NotFound(f"layer {diff_id} is not in the store: load or import its image again")
