"""One layer on its way in: fetched, checked and inflated in one thread, hashed and written in the writer's."""

import hashlib

from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError
from boxship.image.pull.steps import Figures, Step, short
from boxship.image.pull.transfers import Transfer
from boxship.lib.errors import BoxshipError
from boxship.registry.blob import BlobStream
from boxship.registry.client import Repository
from boxship.registry.errors import ContentMissing
from boxship.storage.layers import Layer
from boxship.storage.snapshot.base import Snapshotter
from boxship.storage.snapshot.writer import WrongDigest

_PIECE = 1 << 20
ANY_LAYER = 1 << 30
"""Bytes that every layer may unpack to."""
MOST_TIMES = 200
"""A larger layer may unpack to so many times the bytes of its blob: gzip reaches 1,032, zstd 30,000, files 2 to 50."""


class LayerDamaged(BoxshipError):
    """A layer is not there, or not what the manifest or the config says."""


def fetch(transfer: Transfer, repository: Repository, snapshotter: Snapshotter) -> Layer:
    """Bring the layer and publish it. LayerDamaged, RegistryError, BoxshipError, Given; nothing stays then."""
    wanted = transfer.wanted
    name = short(wanted.digest)
    try:
        with repository.open_blob(wanted.digest, wanted.size) as blob, snapshotter.begin() as writer:
            source = _Checked(transfer, blob)
            stream = Inflated(source.read)
            limit = max(ANY_LAYER, MOST_TIMES * wanted.size)
            while data := stream.read(_PIECE):
                writer.write(data)
                if writer.size > limit:
                    raise LayerDamaged(
                        f"layer {name} unpacks to more than {limit} bytes from {wanted.size}: no files do, so it is "
                        "taken for a decompression bomb"
                    )
            source.finish()
            transfer.check()
            transfer.tell(Step("Verifying Checksum", name, True))
            transfer.tell(Step("Download complete", name, True))
            transfer.tell(Step("Extracting", name, True, wanted.size, wanted.size))
            layer = writer.commit(wanted.diff_id)
    except ContentMissing as error:
        raise LayerDamaged(f"the registry does not have layer {wanted.digest}: {error.message}") from error
    except WrongDigest as error:
        raise LayerDamaged(
            f"layers from manifest don't match image configuration: layer {name} unpacks to {error.found}, "
            f"the configuration says {error.expected}"
        ) from error
    except ArchiveError as error:
        raise LayerDamaged(f"failed to register layer: {name}: {error.message}") from error
    transfer.tell(Step("Pull complete", name, True))
    return layer


class _Checked:
    """A blob's bytes on their way to be inflated: their digest is taken and their number told."""

    def __init__(self, transfer: Transfer, blob: BlobStream) -> None:
        self._transfer = transfer
        self._blob = blob
        self._wanted = transfer.wanted
        self._digest = hashlib.new(self._wanted.digest.partition(":")[0])
        self._figures = Figures(transfer.tell, short(self._wanted.digest), "Downloading", self._wanted.size)
        self._done = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the blob, b"" at its end."""
        self._transfer.check()
        data = self._blob.read(size)
        self._digest.update(data)
        self._done += len(data)
        if data:
            self._figures.reach(self._done)
        return data

    def finish(self) -> None:
        """All of it was read: LayerDamaged unless it is what its digest says."""
        while self.read(_PIECE):
            pass
        if self._digest.hexdigest() != self._wanted.digest.partition(":")[2] or self._done != self._wanted.size:
            raise LayerDamaged(f"filesystem layer verification failed for digest {self._wanted.digest}")
