"""docker image prune: images that nobody needs go, with the layers that only they had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from boxship.image.remove import InUse, Removal, remove
from boxship.lib.errors import Conflict, NotFound
from boxship.model.image import ImageRecord

if TYPE_CHECKING:
    from boxship.image.store import ImageStore


def prune(store: ImageStore, *, dangling: bool, wanted: Callable[[ImageRecord], bool], in_use: InUse) -> Removal:
    """Remove the images that no container was made from.

    dangling: only those without a tag. wanted: only those for which it is true. What is given a name, or a container,
    meanwhile stays. Unlike Docker, which takes all but one of the names of an image in use, such an image keeps all.
    """
    total = Removal()
    for image in store.all():
        if in_use(image.id) or not wanted(image):
            continue
        with store.catalog.lock:
            now = store.catalog.get(image.id)
            if now is None or now.id in store.leases.held() or (dangling and now.tags):
                continue
            if not (now.tags or now.digests) and store.catalog.has_children(now.id):
                continue  # part of another image: it goes with that
            try:
                gone = remove(store, now.id, force=_by_force(now), parents=True, in_use=in_use)
            except (Conflict, NotFound):
                continue
        total.items += gone.items
        total.events += gone.events
        total.reclaimed += gone.reclaimed
    return total


def _by_force(image: ImageRecord) -> bool:
    # Several names stand against removing an image by its id; containers, which force would pass over, it has none.
    return len(image.tags) + len(image.digests) > 1
