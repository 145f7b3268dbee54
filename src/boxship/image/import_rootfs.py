"""docker import: the tar of a root file system becomes an image of one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from boxship.archive.compression import Inflated
from boxship.image.changes import apply_changes
from boxship.image.config import record_of
from boxship.image.receive import received
from boxship.lib.clock import now_ns, rfc3339nano
from boxship.lib.errors import InvalidParameter
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.reference import Reference
from boxship.storage.layers import Readable

if TYPE_CHECKING:
    from boxship.image.store import ImageStore


def import_rootfs(
    store: ImageStore,
    stream: Readable,
    *,
    reference: Reference | None,
    changes: list[str],
    message: str,
    platform: Platform,
) -> ImageRecord:
    """Make an image of the tar that `stream` gives: plain, gzip, bzip2, xz or zstd.

    reference: the name it gets, None for none. changes: Dockerfile instructions for its config. message: its comment.
    InvalidParameter for a bad change or platform, before anything is read; ArchiveError when the tar is damaged or
    hostile; nothing stays then.
    """
    if platform.os != "linux":
        raise InvalidParameter("operating system is not supported")
    config = apply_changes(changes)
    with received(store, Inflated(stream.read).read) as layer:
        blob = _config_blob(config, layer.diff_id, message, platform)
        record = record_of(blob, layer.size)
        with store.catalog.lock:
            store.content.put(blob)
            return store.catalog.add(record, [reference] if reference is not None else [])


def _config_blob(config: dict[str, Any], diff_id: str, message: str, platform: Platform) -> bytes:
    created = rfc3339nano(now_ns())
    blob: dict[str, Any] = {"architecture": platform.architecture}
    if platform.variant:
        blob["variant"] = platform.variant
    blob |= {
        "os": platform.os,
        "created": created,
        "comment": message,
        "config": config,
        "history": [{"created": created, "comment": message}],
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }
    return msgspec.json.encode(blob)
