"""The content store: blobs named by their digest, laid out as an OCI image layout has them.

OCI image spec, image-layout.md: `blobs/<algorithm>/<hex>`. A blob is there whole or not at all.
"""

import hashlib
import os

from boxship.lib.atomic import write_atomic
from boxship.lib.errors import BoxshipError, NotFound
from boxship.model import digest as digests
from boxship.storage.removal import delete


class ContentStore:
    """Small blobs: image configs and manifests. Any thread may use it."""

    def __init__(self, root: str) -> None:
        """`root` is the folder `blobs`; it is made when it is missing."""
        self._folder = f"{root}/sha256"
        os.makedirs(self._folder, mode=0o700, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Keep `data`; its digest. Durable when this returns."""
        digest = digests.sha256(data)
        path = self._path(digest)
        if not os.path.exists(path):
            write_atomic(path, data, mode=0o600)
        return digest

    def get(self, digest: str) -> bytes:
        """The blob. NotFound when it is not there, BoxshipError when the disk gives something else back."""
        try:
            with open(self._path(digest), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            raise NotFound(f"content {digest} is not in the store") from None
        if hashlib.sha256(data).hexdigest() != digests.hex_part(digest):
            raise BoxshipError(f"content {digest} is damaged: {self._path(digest)} has another digest")
        return data

    def __contains__(self, digest: str) -> bool:
        return os.path.exists(self._path(digest))

    def remove(self, digest: str) -> None:
        """Forget a blob; nothing to do when it is not there."""
        try:
            os.unlink(self._path(digest))
        except FileNotFoundError:
            pass

    def sweep(self, keep: set[str]) -> None:
        """At start: remove half-written files and what none of the digests in `keep` names."""
        for name in os.listdir(self._folder):
            if f"sha256:{name}" not in keep:
                delete(f"{self._folder}/{name}")

    def _path(self, digest: str) -> str:
        digests.validate(digest)
        return f"{self._folder}/{digests.hex_part(digest)}"
