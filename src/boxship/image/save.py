"""docker save: the archive of some images, as a list of its parts.

The archive is two in one, as Docker's since version 25: an OCI image layout (image-layout.md: oci-layout, index.json,
blobs/) and Docker's own form (manifest.json, repositories) over the same files. A layer is given out as the tar that
came in, so that its digest is its diff id, and two archives of the same images are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from boxship.archive import entry as kinds
from boxship.archive.entry import Entry
from boxship.archive.header import BLOCK
from boxship.archive.writer import END, header
from boxship.model import digest as digests
from boxship.model.digest import hex_part
from boxship.model.image import ImageRecord
from boxship.model.reference import Reference

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_VERSION = b'{"imageLayoutVersion": "1.0.0"}'
_BLOBS = "blobs/sha256"


@dataclass(slots=True)
class Choice:
    """An image to save, and the names that go with it."""

    image: ImageRecord
    names: list[Reference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """A part of an archive that lies in a file: all of it, `size` bytes."""

    path: str
    size: int


Part = bytes | File


def save(store: ImageStore, choices: list[Choice]) -> list[Part]:
    """The archive's parts in order. The caller holds the images' layers as long as it reads them (reads configs).

    NotFound, BoxshipError when a config or a layer is not what it should be.
    """
    members = _Members()
    saved = {choice.image.id for choice in choices}
    manifests: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    repositories: dict[str, dict[str, str]] = {}
    for choice in choices:
        blob = store.config_blob(choice.image.id)
        layers = [_layer(store, diff_id) for diff_id in choice.image.diff_ids]
        for layer in layers:
            members.file(layer["digest"], File(store.snapshotter.tar(layer["digest"]), layer["size"]), choice.image)
        members.blob(choice.image.id, blob, choice.image)
        manifest = _manifest(choice.image, blob, layers)
        members.blob(digests.sha256(manifest), manifest, None)
        entries += _index_entries(choice, manifest)
        manifests.append(_docker_manifest(choice, layers, saved))
        for name in choice.names:
            last = hex_part(choice.image.diff_ids[-1]) if choice.image.diff_ids else ""
            repositories.setdefault(name.familiar_name, {})[name.tag] = last
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries or None}
    ends = [("index.json", _json(index)), ("manifest.json", _json(manifests or None) + b"\n"), ("oci-layout", _VERSION)]
    if repositories:
        ends.append(("repositories", _json(repositories, ordered=True) + b"\n"))
    return [*members.parts(), *_pieces(ends), END]


def size_of(parts: Iterable[Part]) -> int:
    """Bytes of a whole archive."""
    return sum(part.size if isinstance(part, File) else len(part) for part in parts)


class _Members:
    """The files below blobs/, each once, sorted by name as Docker has them."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Part, int]] = {}
        self._newest = 0

    def blob(self, digest: str, data: bytes, image: ImageRecord | None) -> None:
        self._found.setdefault(hex_part(digest), (data, image.created if image is not None else 0))

    def file(self, digest: str, file: File, image: ImageRecord) -> None:
        self._newest = max(self._newest, image.created)
        self._found.setdefault(hex_part(digest), (file, image.created))

    def parts(self) -> Iterator[Part]:
        if not self._found:
            return
        for folder in ("blobs", _BLOBS):
            yield _header(f"{folder}/", kinds.FOLDER, 0o755, 0, self._newest)
        for name in sorted(self._found):
            part, created = self._found[name]
            size = part.size if isinstance(part, File) else len(part)
            yield _header(f"{_BLOBS}/{name}", kinds.FILE, 0o644, size, created)
            yield part
            yield bytes(-size % BLOCK)


def _pieces(files: list[tuple[str, bytes]]) -> Iterator[bytes]:
    for name, data in files:
        yield _header(name, kinds.FILE, 0o644, len(data), 0) + data + bytes(-len(data) % BLOCK)


def _header(name: str, kind: int, mode: int, size: int, mtime_ns: int) -> bytes:
    entry = Entry(name.encode(), kind)
    entry.mode, entry.size, entry.stored, entry.mtime_ns = mode, size, size, mtime_ns
    return header(entry)


def _layer(store: ImageStore, diff_id: str) -> dict[str, Any]:
    layer = store.snapshotter.layer(diff_id)
    size = layer.tar_size if layer is not None else 0
    return {"mediaType": _LAYER, "digest": diff_id, "size": size}


def _manifest(image: ImageRecord, blob: bytes, layers: list[dict[str, Any]]) -> bytes:
    config = {"mediaType": _CONFIG, "digest": image.id, "size": len(blob)}
    return _json({"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers})


def _index_entries(choice: Choice, manifest: bytes) -> Iterator[dict[str, Any]]:
    entry = {"mediaType": _MANIFEST, "digest": digests.sha256(manifest), "size": len(manifest)}
    if not choice.names:
        yield entry
    for name in choice.names:
        yield entry | {
            "annotations": {"io.containerd.image.name": str(name), "org.opencontainers.image.ref.name": name.tag}
        }


def _docker_manifest(choice: Choice, layers: list[dict[str, Any]], saved: set[str]) -> dict[str, Any]:
    sources = {layer["digest"]: {key: layer[key] for key in ("mediaType", "size", "digest")} for layer in layers}
    parent = {"Parent": choice.image.parent} if choice.image.parent in saved else {}
    return {
        "Config": _blob_path(choice.image.id),
        "RepoTags": [name.familiar for name in choice.names] or None,
        "Layers": [_blob_path(layer["digest"]) for layer in layers] or None,
        **parent,
        "LayerSources": dict(sorted(sources.items())),
    }


def _blob_path(digest: str) -> str:
    return f"{_BLOBS}/{hex_part(digest)}"


def _json(value: Any, *, ordered: bool = False) -> bytes:
    return msgspec.json.encode(value, order="sorted" if ordered else None)
