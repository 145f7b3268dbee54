"""One image from a registry: its layers several at once, its names at the very end, all or nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boxship.image.config import record_of
from boxship.image.pull.layers import Layers
from boxship.image.pull.resolve import Resolved, ask, resolve
from boxship.image.pull.session import Session
from boxship.image.pull.steps import Step
from boxship.image.pull.words import explained
from boxship.image.sources import Source
from boxship.lib.errors import BoxshipError
from boxship.model.image import ImageRecord
from boxship.model.manifest import InvalidManifest, UnsupportedContent, decode
from boxship.model.platform import Platform
from boxship.model.reference import Reference
from boxship.registry.errors import RegistryError

if TYPE_CHECKING:
    from boxship.image.store import ImageStore

_TAGS_AT_ONCE = 1000
_MOST_TAGS = 100_000


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image that is here. digest: of what the registry has under the name; newer: the name led elsewhere before."""

    image: ImageRecord
    digest: str
    newer: bool


def pull(store: ImageStore, session: Session, reference: Reference, platform: Platform | None) -> Pulled:
    """Bring what `reference` (a tag or a digest) names at its registry, for a platform; None for this machine's.

    Errors: RegistryError before and after "Pulling from" was reported; NotFound, InvalidManifest, LayerDamaged,
    Abandoned after it. Nothing that was not here before stays then, and no name has moved.
    """
    repository = session.registry.repository(reference.path)
    try:
        first = ask(repository, reference.digest or reference.tag)
    except RegistryError as error:
        raise explained(error, reference) from error
    session.check()
    try:
        # What can't be read is told before anything else, as Docker does; what is no image, after this.
        with contextlib.suppress(UnsupportedContent):
            decode(first.media_type, first.data)
        shown = reference.familiar if reference.digest else reference.tag
        session.report(Step(f"Pulling from {reference.path}", shown))
        resolved = resolve(repository, first, platform)
    except UnsupportedContent:
        raise
    except InvalidManifest as error:
        raise InvalidManifest(f"cannot pull {reference.familiar}: {error.message}") from error
    pulled = _bring(store, session, reference, resolved)
    session.report(Step(f"Digest: {resolved.digest}"))
    return pulled


def tags(session: Session, reference: Reference) -> list[str]:
    """All tags of a repository, in the registry's order. RegistryError."""
    repository = session.registry.repository(reference.path)
    found: dict[str, None] = {}
    try:
        # Some registries give all at once, whatever is asked for; others give fewer than were asked for.
        while batch := [tag for tag in repository.tags(_TAGS_AT_ONCE, next(reversed(found), "")) if tag not in found]:
            found.update(dict.fromkeys(batch))
            if len(found) > _MOST_TAGS:
                raise BoxshipError(f"{reference.familiar_name} has more than {_MOST_TAGS} tags: no more are taken")
    except RegistryError as error:
        raise explained(error, reference) from error
    return list(found)


def _bring(store: ImageStore, session: Session, reference: Reference, resolved: Resolved) -> Pulled:
    diff_ids = list(resolved.diff_ids)
    layers = list(zip(resolved.manifest.layers, diff_ids, strict=True))
    record = record_of(resolved.config_blob, 0)  # a config that makes no sense is refused before anything is fetched
    try:
        with store.keep(diff_ids):
            if store.catalog.get(record.id) is None:  # else there is nothing to tell of its layers, as with Docker
                Layers(store, session, session.registry.repository(reference.path)).bring(layers)
            session.check()
            store.snapshotter.ready(diff_ids)  # so that the first run is as fast as the second
            found = [store.snapshotter.layer(diff_id) for diff_id in diff_ids]
            size = sum(layer.size for layer in found if layer is not None)
            store.sources.record(
                (diff_id, Source(reference.name, blob.digest, blob.size, blob.media_type)) for blob, diff_id in layers
            )
            return _publish(store, reference, resolved, record_of(resolved.config_blob, size))
    except BaseException:
        store.collect(record.diff_ids)
        raise


def _publish(store: ImageStore, reference: Reference, resolved: Resolved, record: ImageRecord) -> Pulled:
    by_digest = Reference(reference.domain, reference.path, "", resolved.digest)
    names = [by_digest] if reference.digest else [by_digest, reference]
    with store.catalog.lock:
        old = store.catalog.named(names[-1])
        store.content.put(resolved.config_blob)
        image = store.catalog.add(record, names, tagged=False)
    return Pulled(image, resolved.digest, old is None or old.id != image.id)
