"""docker commit: what a container has changed becomes one more layer over its image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from boxship.image.config import decode, record_of
from boxship.image.receive import received
from boxship.lib.clock import now_ns, rfc3339nano
from boxship.model.image import ImageRecord
from boxship.model.reference import Reference
from boxship.storage.layers import Readable

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

# An archive without entries: two blocks of zeros. Such a layer is none (moby, layer.EmptyLayer).
EMPTY = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


@dataclass(frozen=True, slots=True)
class Commit:
    """What the new image says of itself. config: as in an image's config blob; created_by: the container's command."""

    config: dict[str, Any]
    created_by: str
    comment: str
    author: str
    docker_version: str


def commit(
    store: ImageStore, stream: Readable, *, parent: str, step: Commit, reference: Reference | None
) -> ImageRecord:
    """Make the image. parent: the id of the image below, "" when it is gone: the layer then stands alone.

    NotFound when the parent is gone; ArchiveError when the tar is damaged; nothing stays then.
    """
    with received(store, stream.read) as layer, store.hold(parent) as below:
        empty = layer.diff_id == EMPTY
        blob = _config_blob(decode(store.content.get(parent)), step, "" if empty else layer.diff_id)
        record = record_of(blob, below.size if empty else below.size + layer.size)
        with store.catalog.lock:
            if store.catalog.get(parent) is not None:
                record = msgspec.structs.replace(record, parent=parent)
            store.content.put(blob)
            return store.catalog.add(record, [reference] if reference is not None else [])


def _config_blob(below: dict[str, Any], step: Commit, diff_id: str) -> bytes:
    created = rfc3339nano(now_ns())
    history: dict[str, Any] = {"created": created}
    for key, text in (("created_by", step.created_by), ("author", step.author), ("comment", step.comment)):
        if text:
            history[key] = text
    if not diff_id:
        history["empty_layer"] = True
    blob = {key: below[key] for key in ("architecture", "variant", "os", "os.version", "os.features") if below.get(key)}
    blob |= {
        "created": created,
        "author": step.author,
        "comment": step.comment,
        "docker_version": step.docker_version,
        "config": step.config,
        "history": [*(below.get("history") or []), history],
        "rootfs": {
            "type": "layers",
            "diff_ids": [*below["rootfs"]["diff_ids"], *([diff_id] if diff_id else [])],
        },
    }
    return msgspec.json.encode(blob)
