"""docker rmi: a name goes; with the last name the image goes, and with the image the layers that nothing else needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from boxship.lib.errors import Conflict
from boxship.lib.ids import short_id
from boxship.model import digest as digests
from boxship.model import reference as references
from boxship.model.image import ContainerUse, ImageRecord
from boxship.model.reference import Reference

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

InUse = Callable[[str], list[ContainerUse]]
"""The containers that were made from an image id."""


@dataclass(slots=True)
class Removal:
    """What went.

    items: in Docker's shape, `{"Untagged": name}` or `{"Deleted": digest}`; events: what Docker tells of it, an action
    and the image it is about; reclaimed: bytes of the layers' files.
    """

    items: list[dict[str, str]] = field(default_factory=list)
    events: list[tuple[str, ImageRecord]] = field(default_factory=list)
    reclaimed: int = 0

    def untag(self, store: ImageStore, image: ImageRecord, names: list[Reference], *, silent: bool = False) -> None:
        """Take names away. silent: as Docker, without an event."""
        store.catalog.untag(names)
        self.items += [{"Untagged": name.familiar} for name in names]
        self.events += [] if silent else [("untag", image)] * len(names)


def remove(store: ImageStore, name: str, *, force: bool, parents: bool, in_use: InUse) -> Removal:
    """Remove what `name` means.

    force: also when stopped containers use the image, or when an id is given and several names lead to it. parents:
    with the image go those below it that have no name and that nothing else needs. Conflict in Docker's wording,
    NotFound, InvalidParameter.
    """
    removal = Removal()
    with store.catalog.lock:
        image = store.resolve(name)
        names = store.catalog.references(image.id)
        if _is_id(image, name):
            single = _is_single(names)
            if conflict := _conflict(store, image, in_use, force=force, names=[] if single else names):
                raise conflict
            removal.untag(store, image, names)
            _delete(store, image, removal)
        elif not _untagged(store, image, name, names, removal, force=force, in_use=in_use):
            return removal
        if parents:
            _delete_parents(store, image, removal, in_use)
    return removal


def _untagged(
    store: ImageStore,
    image: ImageRecord,
    name: str,
    names: list[Reference],
    removal: Removal,
    *,
    force: bool,
    in_use: InUse,
) -> bool:
    """Take one name away, and the image when it was the last one; whether the image went."""
    users = in_use(image.id)
    reference = references.parse(name).with_default_tag()
    if users and not force and _is_single(names):
        raise Conflict(
            f'conflict: unable to remove repository reference "{name}" (must force) - '
            f"container {short_id(users[0].id)} is using its referenced image {short_id(image.id)}"
        )
    removal.untag(store, image, [reference])
    removal.untag(store, image, _orphaned_digests(reference, names), silent=True)
    if store.catalog.references(image.id) or _conflict(store, image, in_use, force=force, names=[]):
        return False
    _delete(store, image, removal)
    return True


def _delete_parents(store: ImageStore, image: ImageRecord, removal: Removal, in_use: InUse) -> None:
    while (parent := store.catalog.get(image.parent)) is not None:
        if store.catalog.references(parent.id) or _conflict(store, parent, in_use, force=False, names=[]):
            return
        _delete(store, parent, removal)
        image = parent


def _delete(store: ImageStore, image: ImageRecord, removal: Removal) -> None:
    before = {chain for other in store.all() if other.id != image.id for chain in digests.chain_ids(other.diff_ids)}
    sizes = {diff_id: layer.size for diff_id in image.diff_ids if (layer := store.snapshotter.layer(diff_id))}
    store.catalog.remove(image.id)
    store.content.remove(image.id)
    unused = store.collect(image.diff_ids)
    chains = zip(image.diff_ids, digests.chain_ids(image.diff_ids), strict=True)
    layers = [chain for diff_id, chain in chains if diff_id in unused and chain not in before]
    removal.items += [{"Deleted": image.id}, *({"Deleted": chain} for chain in reversed(layers))]
    removal.events.append(("delete", image))
    removal.reclaimed += sum(sizes.get(diff_id, 0) for diff_id in unused)


def _conflict(
    store: ImageStore, image: ImageRecord, in_use: InUse, *, force: bool, names: list[Reference]
) -> Conflict | None:
    """What stands against removing the image. names: those that would have to be taken away by force."""
    what = f"conflict: unable to delete {short_id(image.id)}"
    if store.catalog.has_children(image.id):
        return Conflict(f"{what} (cannot be forced) - image has dependent child images")
    users = in_use(image.id)
    running = next((user for user in users if user.running), None)
    if running is not None:
        return Conflict(f"{what} (cannot be forced) - image is being used by running container {short_id(running.id)}")
    if force:
        return None
    if names:
        return Conflict(f"{what} (must be forced) - image is referenced in multiple repositories")
    if users:
        return Conflict(f"{what} (must be forced) - image is being used by stopped container {short_id(users[0].id)}")
    return None


def _is_id(image: ImageRecord, name: str) -> bool:
    """Whether `name` meant the image by its id and not by a name that happens to look like one."""
    digits = name.removeprefix("sha256:")
    return digits != "" and digests.hex_part(image.id).startswith(digits)


def _is_single(names: list[Reference]) -> bool:
    """Whether all names are one: a tag at most, and digests of that same repository."""
    tags = [name for name in names if not name.digest]
    if len(names) <= 1:
        return True
    if len(tags) > 1:
        return False
    repository = (tags or names)[0].name
    return all(name.name == repository for name in names)


def _orphaned_digests(removed: Reference, names: list[Reference]) -> list[Reference]:
    """The digests of a repository whose last tag goes: they were pulled with it."""
    if removed.digest:
        return []
    same = [name for name in names if name.name == removed.name and str(name) != str(removed)]
    return same if all(name.digest for name in same) else []
