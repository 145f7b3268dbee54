"""docker load: the images of an archive, with their names."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError
from boxship.image.bundle import Bundle
from boxship.image.config import decode, record_of
from boxship.image.layouts import Found, find_images
from boxship.lib.ids import short_id
from boxship.model import digest as digests
from boxship.model.image import ImageRecord
from boxship.storage.layers import Readable, Spooled, spool

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

Progress = Callable[[str, int, int], None]
"""Told the short id of a layer, how many bytes of it are done, and how many there are."""


def load(
    store: ImageStore, stream: Readable, report: Callable[[str], None], progress: Progress | None = None
) -> list[ImageRecord]:
    """Take all images of the archive: `docker save`'s of any version, or an OCI layout; compressed or not.

    report: is told, a line each, what Docker prints. Images that came before a damaged one stay, as with Docker; of
    the damaged one nothing stays. ArchiveError when the archive is damaged, or a layer is not what the config says.
    """
    loaded = []
    with Bundle(stream.read, store.snapshotter.spool_path) as bundle:
        for found in find_images(bundle):
            loaded.append(_image(store, bundle, found, report, progress))
    return loaded


def _image(
    store: ImageStore, bundle: Bundle, found: Found, report: Callable[[str], None], progress: Progress | None
) -> ImageRecord:
    blob = bundle.json(found.config)
    diff_ids: list[str] = decode(blob)["rootfs"]["diff_ids"]
    if len(diff_ids) != len(found.layers):
        raise ArchiveError(
            f"invalid manifest, layers length mismatch: expected {len(found.layers)}, got {len(diff_ids)}"
        )
    try:
        with store.leases.hold(diff_ids):
            size = 0
            for diff_id, chain, name in zip(diff_ids, digests.chain_ids(diff_ids), found.layers, strict=True):
                layer = store.snapshotter.layer(diff_id)
                if layer is None:
                    tell = partial(progress, short_id(chain)) if progress is not None else None
                    layer = store.snapshotter.add(_tar(store, bundle.file(name), diff_id, name, tell), diff_id)
                size += layer.size
            record = _publish(store, blob, size, found, report)
    except BaseException:
        store.collect(diff_ids)
        raise
    for reference in found.names:
        report(f"Loaded image: {reference.familiar}\n")
    if not found.names:
        report(f"Loaded image ID: {record.id}\n")
    return record


def _publish(store: ImageStore, blob: bytes, size: int, found: Found, report: Callable[[str], None]) -> ImageRecord:
    record = record_of(blob, size)
    with store.catalog.lock:
        for reference in found.names:
            old = store.catalog.named(reference)
            if old is not None and old.id != record.id:
                report(
                    f"The image {reference.familiar} already exists, "
                    f"renaming the old one with ID {old.id} to empty string\n"
                )
        store.content.put(blob)
        return store.catalog.add(record, found.names)


def _tar(
    store: ImageStore,
    file: Spooled,
    diff_id: str,
    name: str,
    progress: Callable[[int, int], None] | None,
) -> str:
    """A new file with the uncompressed tar of a layer, whose digest is the diff id. ArchiveError when it is not."""
    path = store.snapshotter.spool_path()
    if progress is not None:
        progress(min(file.size, 1 << 15), file.size)
    if file.digest == diff_id:
        os.link(file.path, path)  # another image of the archive may have the same layer
    else:
        with open(file.path, "rb", buffering=0) as stream:
            tar = spool(Inflated(stream.read).read, path)
        if tar.digest != diff_id:
            os.unlink(path)
            raise ArchiveError(f"the layer {name} is damaged: its digest is {tar.digest}, the config says {diff_id}")
    if progress is not None:
        progress(file.size, file.size)
    return path
