"""docker load: the images of an archive, with their names."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError
from boxship.image.arriving import Arriving, Progress
from boxship.image.bundle import Bundle
from boxship.image.config import decode, record_of
from boxship.image.layouts import Found, find_images
from boxship.image.pull.machine import best_platform
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.platform_choice import runs_on
from boxship.storage.layers import Layer, Readable
from boxship.storage.snapshot.writer import WrongDigest

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

_CHUNK = 1 << 18


def load(
    store: ImageStore,
    stream: Readable,
    report: Callable[[str], None],
    progress: Progress | None = None,
    platform: Platform | None = None,
) -> list[ImageRecord]:
    """Take all images of the archive: `docker save`'s of any version, or an OCI layout; compressed or not.

    report: is told, a line each, what Docker prints. platform: take only images for it; where an index has several,
    the one for it. Images that came before a damaged one stay, as with Docker; of the damaged one nothing stays.
    ArchiveError when the archive is damaged, or a layer is not what the config says.
    """
    loaded: list[ImageRecord] = []
    with (
        Arriving(store, progress) as arriving,
        Bundle(stream.read, store.snapshotter.spool_path, arriving) as bundle,
    ):
        for found in find_images(bundle, platform or best_platform()):
            blob = bundle.json(found.config)
            if platform is None or runs_on(_platform_of(blob), platform):
                loaded.append(_image(store, arriving, bundle, found, blob, report))
    return loaded


def _platform_of(blob: bytes) -> Platform:
    record = record_of(blob, 0)
    return Platform(record.os, record.architecture, record.variant)


def _image(
    store: ImageStore, arriving: Arriving, bundle: Bundle, found: Found, blob: bytes, report: Callable[[str], None]
) -> ImageRecord:
    diff_ids: list[str] = decode(blob)["rootfs"]["diff_ids"]
    if len(diff_ids) != len(found.layers):
        raise ArchiveError(
            f"invalid manifest, layers length mismatch: expected {len(found.layers)}, got {len(diff_ids)}"
        )
    arriving.keep(diff_ids)
    layers = [_layer(store, arriving, bundle, pair) for pair in zip(diff_ids, found.layers, strict=True)]
    store.snapshotter.ready(diff_ids)  # so that the first run is as fast as the second
    record = _publish(store, blob, sum(layer.size for layer in layers), found, report)
    for reference in found.names:
        report(f"Loaded image: {reference.familiar}\n")
    if not found.names:
        report(f"Loaded image ID: {record.id}\n")
    return record


def _layer(store: ImageStore, arriving: Arriving, bundle: Bundle, wanted: tuple[str, str]) -> Layer:
    """A layer of an image: it is here, it has just come, or it is a member that did not look like one."""
    diff_id, name = wanted
    if posixpath.normpath(name).startswith(".."):
        raise ArchiveError(f"the layer {name} is not in the archive: its path leads out of it")
    layer = store.snapshotter.layer(diff_id)
    # What is here need not be in the archive; what came with it must have the name that it is called by.
    if layer is not None and (diff_id not in arriving.new or name in bundle):
        return layer
    member = bundle.member(name)
    if member.diff_id:
        raise _damaged(name, member.diff_id, diff_id)
    with member.open() as stream, store.snapshotter.begin() as writer:
        inflated = Inflated(stream.read)
        while data := inflated.read(_CHUNK):
            writer.write(data)
        try:
            return writer.commit(diff_id)
        except WrongDigest as error:
            raise _damaged(name, error.found, diff_id) from error


def _damaged(name: str, digest: str, diff_id: str) -> ArchiveError:
    return ArchiveError(f"the layer {name} is damaged: its digest is {digest}, the config says {diff_id}")


def _publish(store: ImageStore, blob: bytes, size: int, found: Found, report: Callable[[str], None]) -> ImageRecord:
    record = record_of(blob, size)
    with store.catalog.lock:
        if found.parent and store.catalog.get(found.parent) is not None and found.parent != record.id:
            record = msgspec.structs.replace(record, parent=found.parent)
        for reference in found.names:
            old = store.catalog.named(reference)
            if old is not None and old.id != record.id:
                report(
                    f"The image {reference.familiar} already exists, "
                    f"renaming the old one with ID {old.id} to empty string\n"
                )
        store.content.put(blob)
        return store.catalog.add(record, found.names)
