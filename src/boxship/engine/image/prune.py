"""docker image prune: the images that nobody uses go."""

from typing import Any

from boxship.engine.container.filters import labels_match
from boxship.engine.engine import Engine
from boxship.engine.image.filters import truth
from boxship.engine.image.moment import parse_moment
from boxship.engine.image.notify import publish
from boxship.engine.image.uses import uses
from boxship.lib.bridge import bulk
from boxship.lib.clock import now_ns
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter
from boxship.model.image import ImageRecord

_KNOWN = frozenset({"dangling", "label", "label!", "until"})


async def prune(engine: Engine, filters: dict[str, list[str]]) -> dict[str, Any]:
    """Remove them; what went, and the bytes that came back. The body of `POST /images/prune`.

    filters: `dangling`, false to take those with names, too; `until`, a moment before which they were made; `label`,
    all of which they have; `label!`, all of which they must not have together. InvalidParameter; Conflict while
    another one is under way.
    """
    for key in filters:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    dangling = truth("dangling", filters.get("dangling", []))
    moments = filters.get("until") or []
    if len(moments) > 1:
        raise BoxshipError("more than one until filter specified")
    until = _moment(moments[0]) if moments else None
    wanted, unwanted = filters.get("label") or [], filters.get("label!") or []

    def passes(image: ImageRecord) -> bool:
        labels = image.config.labels or {}
        if until is not None and (not image.created or image.created > until):
            return False
        return labels_match(labels, wanted) and not (unwanted and labels_match(labels, unwanted))

    if engine.pruning_images:
        raise Conflict("a prune operation is already running")
    engine.pruning_images = True
    try:
        work = bulk(engine.images.prune, dangling=dangling is not False, wanted=passes, in_use=uses(engine))
        gone = await engine.whole(work)
    finally:
        engine.pruning_images = False
    for action, image in gone.events:
        publish(engine, image, action)
    engine.events.publish("image", "prune", "", {"reclaimed": str(gone.reclaimed)})
    return {"ImagesDeleted": gone.items or None, "SpaceReclaimed": gone.reclaimed}


def _moment(text: str) -> int:
    try:
        return parse_moment(text, now_ns())
    except InvalidParameter as error:
        raise BoxshipError(error.message) from None  # Docker answers 500
