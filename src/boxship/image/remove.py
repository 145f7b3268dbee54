"""docker rmi: a name goes; with the last name the image goes, and with the image the layers that nothing else needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from boxship.lib.errors import Conflict
from boxship.lib.ids import short_id
from boxship.model import digest as digests
from boxship.model import reference as references
from boxship.model.image import ContainerUse, ImageRecord
from boxship.model.reference import Reference

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

Deleted = list[dict[str, str]]


def remove(store: ImageStore, name: str, *, force: bool, in_use: Callable[[str], list[ContainerUse]]) -> Deleted:
    """Remove what `name` means; what went, in Docker's shape: `{"Untagged": name}`, `{"Deleted": digest}`.

    in_use: the containers made from an image id. force: also when stopped containers use the image, or when an id is
    given and several names lead to it. Conflict in Docker's wording, NotFound, InvalidParameter.
    """
    with store.catalog.lock:
        image = store.resolve(name)
        names = store.catalog.references(image.id)
        users = in_use(image.id)
        deleted: Deleted = []
        by_id = _is_id(image, name)
        if not by_id:
            reference = references.parse(name).with_default_tag()
            if users and not force and _is_single(names):
                raise Conflict(
                    f'conflict: unable to remove repository reference "{reference.familiar}" (must force) - '
                    f"container {short_id(users[0].id)} is using its referenced image {short_id(image.id)}"
                )
            gone = [reference, *_orphaned_digests(reference, names)]
            _untag(store, gone, deleted)
            names = store.catalog.references(image.id)
            if names or any(user.running for user in users) or (users and not force):
                return deleted
        else:
            _check(image, users, force=force, names=[] if _is_single(names) else names)
        _untag(store, names, deleted)
        deleted += _delete(store, image)
    return deleted


def _delete(store: ImageStore, image: ImageRecord) -> Deleted:
    before = {chain for other in store.all() if other.id != image.id for chain in digests.chain_ids(other.diff_ids)}
    store.catalog.remove(image.id)
    store.content.remove(image.id)
    unused = store.collect(image.diff_ids)
    chains = zip(image.diff_ids, digests.chain_ids(image.diff_ids), strict=True)
    layers = [chain for diff_id, chain in chains if diff_id in unused and chain not in before]
    return [{"Deleted": image.id}, *({"Deleted": chain} for chain in reversed(layers))]


def _check(image: ImageRecord, users: list[ContainerUse], *, force: bool, names: list[Reference]) -> None:
    """Conflict when something stands against removing the image by its id."""
    what = f"conflict: unable to delete {short_id(image.id)}"
    running = next((user for user in users if user.running), None)
    if running is not None:
        raise Conflict(f"{what} (cannot be forced) - image is being used by running container {short_id(running.id)}")
    if force:
        return
    if names:
        raise Conflict(f"{what} (must be forced) - image is referenced in multiple repositories")
    if users:
        raise Conflict(f"{what} (must be forced) - image is being used by stopped container {short_id(users[0].id)}")


def _untag(store: ImageStore, names: list[Reference], deleted: Deleted) -> None:
    store.catalog.untag(names)
    deleted += [{"Untagged": name.familiar} for name in names]


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
