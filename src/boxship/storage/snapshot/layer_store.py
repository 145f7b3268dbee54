"""Layers on disk: how they come, how they go, and how they survive a power cut.

<diff id>/layer.tar     the uncompressed tar, bit for bit: `save` and `push` give it out again
<diff id>/layer.json    its sizes, and whether unpacked files are known to be on the disk (layer_note.py)
<diff id>/layer.index   the tree of the files, whose data stays in the tar: images' indexes are made of these
<diff id>/diff          the files, as overlayfs takes them for a lower folder

Of the last two, a data root has what its snapshotter wants. The other one is there when another snapshotter was at
work before: this one makes its own from the tar when the layer is next used, and `shed` removes the other.
"""

import os
import threading
from collections.abc import Iterable

from boxship.kernel.sync import syncfs
from boxship.lib.atomic import sync_file, sync_folder
from boxship.lib.errors import BoxshipError, NotFound
from boxship.model.digest import hex_part
from boxship.storage.layers import Layer
from boxship.storage.one_at_a_time import OneAtATime
from boxship.storage.removal import Background, Bin, delete
from boxship.storage.snapshot import layer_note
from boxship.storage.snapshot.layer_note import LayerNote, boot_id
from boxship.storage.snapshot.makers import Form, Watch
from boxship.storage.snapshot.writer import LayerWriter

TAR = "layer.tar"


class LayerStore:
    """The layers of one data root, each in the form that one snapshotter wants; any thread may call."""

    def __init__(self, folder: str, background: Background, form: Form) -> None:
        """`folder` exists. background: does what nobody waits for."""
        self._layers = folder
        self._form = form
        self._bin = Bin(folder)
        self._background = background
        self._turns = OneAtATime()
        self._lock = threading.Lock()
        self._known: dict[str, Layer] = {}
        self._formed: set[str] = set()

    def begin(self) -> LayerWriter:
        """See `Snapshotter.begin`."""
        tar = self._bin.new_name()
        watch = self._form.watch(tar)
        return LayerWriter(tar, lambda tar, diff_id: self.add(tar, diff_id, watch), watch)

    def spool_path(self) -> str:
        """A new path for a tar that `add` will take."""
        return self._bin.new_name()

    def add(self, tar: str, diff_id: str, watched: Watch | None = None) -> Layer:
        """See `Snapshotter.add`: made in private, published by one rename. watched: as `Form.make` takes it; closed."""
        building = self._bin.new_name()
        try:
            with self._turns.alone(diff_id):
                return self.layer(diff_id) or self._build(tar, diff_id, building, watched)
        except OSError as error:
            raise self._unstorable(diff_id, error) from error
        finally:
            if watched is not None:
                watched.close()
            delete(tar)
            delete(building)

    def layer(self, diff_id: str) -> Layer | None:
        """A layer that is here, None when it is not."""
        with self._lock:
            known = self._known.get(diff_id)
        if known is not None:
            return known
        try:
            note = LayerNote.read(self.folder(diff_id))
        except FileNotFoundError:
            return None
        return self._remember(Layer(diff_id, note.size, note.tar_size))

    def require(self, diff_ids: Iterable[str]) -> None:
        """NotFound when one of the layers is not here."""
        for diff_id in diff_ids:
            if self.layer(diff_id) is None:
                raise missing(diff_id)

    def layers(self) -> set[str]:
        """The diff ids of all layers that are here."""
        return {f"sha256:{name}" for name in os.listdir(self._layers) if len(name) == 64}

    def tar(self, diff_id: str) -> str:
        """The path of a layer's tar. NotFound when it is not here."""
        if self.layer(diff_id) is None:
            raise missing(diff_id)
        return f"{self.folder(diff_id)}/{TAR}"

    def form(self, diff_id: str) -> str:
        """The path of a layer in the form of this store; made from the tar when another one is all there is.

        NotFound when the layer is not here; ArchiveError, BoxshipError.
        """
        path = f"{self.folder(diff_id)}/{self._form.name}"
        with self._lock:
            if diff_id in self._formed:
                return path
        layer = self.layer(diff_id)
        if layer is None:
            raise missing(diff_id)
        with self._turns.alone(diff_id):
            if not os.path.exists(path):
                self._make_again(layer, path)
        with self._lock:
            self._formed.add(diff_id)
        return path

    def renew(self, diff_id: str) -> None:
        """Make a layer's form again: what is there is damaged. Errors as of `form`."""
        with self._lock:
            self._formed.discard(diff_id)
        with self._turns.alone(diff_id):
            gone = self._bin.new_name()
            try:
                os.rename(f"{self.folder(diff_id)}/{self._form.name}", gone)
            except FileNotFoundError:
                pass
            else:
                self._background.delete(gone)
        self.form(diff_id)

    def folder(self, diff_id: str) -> str:
        """Where a layer lies when it is here."""
        return f"{self._layers}/{hex_part(diff_id)}"

    def discard(self, diff_ids: Iterable[str]) -> None:
        """Remove layers: the names are gone at once, the files go in the background."""
        for diff_id in diff_ids:
            with self._lock:
                self._known.pop(diff_id, None)
                self._formed.discard(diff_id)
            if (gone := self._bin.take(hex_part(diff_id))) is not None:
                self._background.delete(gone)

    def sweep(self) -> None:
        """Remove leftovers; make again what a power cut may have taken away."""
        for path in self._bin.leftovers():
            self._background.delete(path)
        boot = boot_id()
        unsafe = False
        for diff_id in self.layers():
            folder = self.folder(diff_id)
            note = LayerNote.try_read(folder)
            if note is None:
                self.discard([diff_id])  # not ours: every layer is published with its note
            elif note.boot == boot:
                unsafe = True
            elif note.boot:
                self._after_power_cut(diff_id, folder, note)
        if unsafe:
            self._background.add(self._make_safe)

    def shed(self) -> None:
        """Remove the forms that another snapshotter had made; to be called only while no container runs on one."""
        for diff_id in self.layers():
            folder = self.folder(diff_id)
            for name in set(os.listdir(folder)) - {TAR, layer_note.FILE, self._form.name}:
                gone = self._bin.new_name()
                try:
                    os.rename(f"{folder}/{name}", gone)
                except FileNotFoundError:
                    # What the sweep goes on with in the background was faster.
                    continue
                self._background.delete(gone)

    def _build(self, tar: str, diff_id: str, building: str, watched: Watch | None) -> Layer:
        os.mkdir(building, 0o700)
        os.rename(tar, f"{building}/{TAR}")
        size = self._form.make(f"{building}/{TAR}", f"{building}/{self._form.name}", watched)
        tar_size = sync_file(f"{building}/{TAR}")
        LayerNote(size, tar_size, "" if self._form.synced else boot_id()).write(building, durable=True)
        os.rename(building, self.folder(diff_id))
        sync_folder(self._layers)
        if not self._form.synced:
            self._background.add(self._make_safe)
        with self._lock:
            self._formed.add(diff_id)
        return self._remember(Layer(diff_id, size, tar_size))

    def _make_again(self, layer: Layer, path: str) -> None:
        folder = self.folder(layer.diff_id)
        building = self._bin.new_name()
        try:
            self._form.make(f"{folder}/{TAR}", building)
            if not self._form.synced:
                # First the note, then what it speaks of: the other way round a power cut between them is not seen.
                LayerNote(layer.size, layer.tar_size, boot_id()).write(folder, durable=True)
                self._background.add(self._make_safe)
            os.rename(building, path)
            sync_folder(folder)
        except OSError as error:
            raise self._unstorable(layer.diff_id, error) from error
        finally:
            delete(building)

    def _after_power_cut(self, diff_id: str, folder: str, note: LayerNote) -> None:
        # The tar is on the disk for certain, of unpacked files only those that the kernel had written by then. They
        # are made again when they are wanted.
        for name in os.listdir(folder):
            if name not in (TAR, layer_note.FILE):
                delete(f"{folder}/{name}")
        LayerNote(note.size, note.tar_size, "").write(folder, durable=True)

    def _make_safe(self) -> None:
        # An fsync for each of 20,000 files would take longer than all the rest; one for the whole file system,
        # with nobody waiting for it, does the same.
        folders = [self.folder(diff_id) for diff_id in self.layers()]
        unsafe = [
            (folder, note) for folder in folders if (note := LayerNote.try_read(folder)) is not None and note.boot
        ]
        if not unsafe:
            return
        fd = os.open(self._layers, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            syncfs(fd)
        finally:
            os.close(fd)
        for folder, note in unsafe:
            try:
                LayerNote(note.size, note.tar_size, "").write(folder, durable=False)
            except FileNotFoundError:
                pass  # removed meanwhile

    def _remember(self, layer: Layer) -> Layer:
        with self._lock:
            self._known[layer.diff_id] = layer
        return layer

    def _unstorable(self, diff_id: str, error: OSError) -> BoxshipError:
        return BoxshipError(f"cannot store layer {diff_id} in {self._layers}: {error.strerror}")


def missing(diff_id: str) -> NotFound:
    """The error for a layer that is not here."""
    return NotFound(f"layer {diff_id} is not in the store: load or import its image again")
