"""One layer on its way in: import and commit make images of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from boxship.storage.layers import Layer

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

_CHUNK = 1 << 18


@contextmanager
def received(store: ImageStore, read: Callable[[int], bytes]) -> Iterator[Layer]:
    """Store what `read` gives, an uncompressed tar, and keep it while the block runs; without an image it goes then.

    ArchiveError when it is damaged or hostile, BoxshipError when the disk does not take it, and the errors of `read`:
    nothing stays.
    """
    with store.snapshotter.begin() as writer:
        while data := read(_CHUNK):
            writer.write(data)
        diff_id = writer.diff_id
        try:
            with store.keep([diff_id]):
                yield store.snapshotter.layer(diff_id) or writer.commit(diff_id)
        finally:
            store.collect([diff_id])
