"""docker push: an image's layers, its config and its manifest go to a registry; what is there is not sent.

Imports the registry's client: to be imported when the first image is pushed.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

from boxship.archive.deflate import PIECE, gzipped
from boxship.image.sources import Source
from boxship.image.store import ImageStore
from boxship.lib.errors import BoxshipError
from boxship.model.image import ImageRecord
from boxship.model.reference import Reference
from boxship.registry.client import Repository

UPLOADS = 5
"""Layers that are on their way at once, as Docker's --max-concurrent-uploads."""
_AHEAD = 6
_SMALL = 1 << 20
_MOST_MOUNTS = 4
_REPORT_EVERY = 0.1

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
# By what a layer is compressed with, Docker's type (none for zstd) and OCI's.
_TYPES = {
    "": ("application/vnd.docker.image.rootfs.diff.tar", "application/vnd.oci.image.layer.v1.tar"),
    "gzip": (LAYER, "application/vnd.oci.image.layer.v1.tar+gzip"),
    "zstd": ("", "application/vnd.oci.image.layer.v1.tar+zstd"),
}

Report = Callable[[str, str, int, int], None]
"""(diff id, what happens, bytes done, bytes in all), both 0 where it is no matter of bytes. From any thread."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the registry has now. size: bytes of the manifest."""

    tag: str
    digest: str
    size: int


def push(
    store: ImageStore,
    image: ImageRecord,
    target: Reference,
    repository: Repository,
    report: Report,
    *,
    uploads: int = UPLOADS,
) -> Pushed:
    """Send one image under a tag, `uploads` layers at once. RegistryError, BoxshipError; what was sent by then stays at
    the registry.
    """
    with store.hold(image.id):
        for diff_id in reversed(image.diff_ids):
            report(diff_id, "Preparing", 0, 0)
        config = store.config_blob(image.id)
        found = _Layers(store, target, repository, report, uploads).send(image.diff_ids)
        if repository.has_blob(image.id) is None:
            repository.upload_blob(image.id, len(config), lambda: config)
        media_type, manifest = manifest_of(image.id, len(config), [found[diff_id] for diff_id in image.diff_ids])
        digest = repository.put_manifest(target.tag, media_type, manifest)
        store.sources.record((diff_id, found[diff_id]) for diff_id in dict.fromkeys(image.diff_ids))
    return Pushed(target.tag, digest, len(manifest))


def manifest_of(config: str, size: int, layers: list[Source]) -> tuple[str, bytes]:
    """Media type and bytes of an image's manifest: Docker's schema 2, or OCI's where a layer is compressed by zstd.

    config, size: digest and bytes of the config blob.
    """
    kinds = [_compression(layer.media_type) for layer in layers]
    oci = any(not _TYPES[kind][0] for kind in kinds)
    media_type = OCI_MANIFEST if oci else MANIFEST
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": OCI_CONFIG if oci else CONFIG, "size": size, "digest": config},
        "layers": [
            {"mediaType": _TYPES[kind][oci], "size": layer.size, "digest": layer.digest}
            for kind, layer in zip(kinds, layers, strict=True)
        ],
    }
    return media_type, json.dumps(value, indent=3).encode()


def _compression(media_type: str) -> str:
    if media_type.endswith(("+zstd", ".zstd")):
        return "zstd"
    return "gzip" if media_type.endswith("gzip") else ""


class _Layers:
    """The layers of one push, several at once."""

    def __init__(
        self, store: ImageStore, target: Reference, repository: Repository, report: Report, uploads: int
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._target = target
        self._repository = repository
        self._report = report

    def send(self, diff_ids: list[str]) -> dict[str, Source]:
        """All of them; by diff id, as which blobs. The first error, once nothing is under way any more."""
        # Told of once, as Docker does: a layer that an image has twice is one layer.
        wanted = list(dict.fromkeys(diff_ids))
        if not wanted:
            return {}
        done: dict[str, Future[Source]] = {}
        with (
            ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="deflate") as deflaters,
            ThreadPoolExecutor(self._uploads, thread_name_prefix="upload") as uploads,
        ):
            for diff_id in wanted:
                done[diff_id] = uploads.submit(self._one, diff_id, deflaters)
            try:
                return {diff_id: future.result() for diff_id, future in done.items()}
            except BaseException:
                for future in done.values():
                    future.cancel()
                raise

    def _one(self, diff_id: str, deflaters: Executor) -> Source:
        return self._known(diff_id) or self._upload(diff_id, deflaters)

    def _known(self, diff_id: str) -> Source | None:
        """The layer's blob, if the registry has one that we know of, here or in a repository of the same host."""
        known = self._store.sources.of(diff_id)
        here = [source for source in known if source.repository == self._target.name]
        for source in here:
            if self._is_there(source):
                self._report(diff_id, "Layer already exists", 0, 0)
                return source
            self._store.sources.forget_blob(source.repository, source.digest)
        tried = {source.digest for source in here}
        elsewhere = [source for source in known if source.repository != self._target.name]
        # Repositories of this host first: what they have costs nothing. Of other hosts, a guess whether it is the same.
        elsewhere.sort(key=lambda source: source.repository.partition("/")[0] != self._target.domain)
        for source in elsewhere[:_MOST_MOUNTS]:
            domain, _, path = source.repository.partition("/")
            ours = Source(self._target.name, source.digest, source.size, source.media_type)
            if domain == self._target.domain:
                if self._repository.mount_blob(source.digest, path):
                    self._report(diff_id, f"Mounted from {path}", 0, 0)
                    return ours
            elif source.digest not in tried:
                if not self._is_small(diff_id) and self._is_there(ours):
                    self._report(diff_id, "Layer already exists", 0, 0)
                    return ours
                break
        return None

    def _is_small(self, diff_id: str) -> bool:
        """Whether a guess would cost as much as sending it."""
        layer = self._store.snapshotter.layer(diff_id)
        return layer is not None and layer.tar_size <= _SMALL

    def _is_there(self, source: Source) -> bool:
        return self._repository.has_blob(source.digest) == source.size

    def _upload(self, diff_id: str, deflaters: Executor) -> Source:
        layer = self._store.snapshotter.layer(diff_id)
        if layer is None:
            raise BoxshipError(f"the layer {diff_id} is not in the store")
        fd = os.open(self._store.snapshotter.tar(diff_id), os.O_RDONLY | os.O_CLOEXEC)
        try:
            blob = _Blob(
                fd, layer.tar_size, deflaters, lambda done: self._report(diff_id, "Pushing", done, layer.tar_size)
            )
            if layer.tar_size <= _SMALL:
                self._upload_small(blob)
            else:
                self._repository.upload_stream(blob.pieces, lambda: blob.digest)
        finally:
            blob.close()
            os.close(fd)
        self._report(diff_id, "Pushed", 0, 0)
        return Source(self._target.name, blob.digest, blob.size, LAYER)

    def _upload_small(self, blob: "_Blob") -> None:
        """Compressed first: a request less. To ask whether it is there would be one more."""
        data = b"".join(blob.pieces())
        self._repository.upload_blob(blob.digest, len(data), lambda: data)


class _Blob:
    """A layer as it is compressed. digest, size: of the compressed blob, when all pieces were taken."""

    def __init__(self, fd: int, tar_size: int, deflaters: Executor, progress: Callable[[int], None]) -> None:
        self.digest = ""
        self.size = 0
        self._fd = fd
        self._tar_size = tar_size
        self._deflaters = deflaters
        self._progress = progress
        self._running: Generator[bytes, None, None] | None = None

    def close(self) -> None:
        """No thread reads the file any more, also where an upload broke off in the middle."""
        if self._running is not None:
            self._running.close()

    def pieces(self) -> Iterator[bytes]:
        """From the start, each time the same."""
        whole = hashlib.sha256()
        size, told = 0, 0.0
        self.close()
        self._running = gzipped(self._fd, self._tar_size, self._deflaters, _AHEAD)
        for number, piece in enumerate(self._running):
            whole.update(piece)
            size += len(piece)
            yield piece
            if (now := time.monotonic()) - told >= _REPORT_EVERY:
                told = now
                self._progress(min(number * PIECE, self._tar_size))
        self.digest, self.size = f"sha256:{whole.hexdigest()}", size
