"""docker container prune: every container that does not run goes."""

from typing import Any

from boxship.engine.container.filters import labels_match
from boxship.engine.container.register import Container
from boxship.engine.container.remove import remove
from boxship.engine.container.usage import sizes
from boxship.engine.engine import Engine
from boxship.engine.image.moment import parse_moment
from boxship.lib.bridge import bulk
from boxship.lib.clock import now_ns
from boxship.lib.errors import Conflict, InvalidParameter, NotFound

_KNOWN = frozenset({"label", "label!", "until"})


async def prune(engine: Engine, filters: dict[str, list[str]]) -> dict[str, Any]:
    """Remove them; their ids, and the bytes of their writable layers. The body of `POST /containers/prune`.

    filters: `until`, a moment before which they were made; `label`, all of which they have; `label!`, all of which
    they must not have together. InvalidParameter; BoxshipError when one can't be removed.
    """
    chosen = _choose(engine, filters)
    removed: list[str] = []
    reclaimed = 0
    for container in chosen:
        if container.active or container.removing:
            # Somebody has been faster.
            continue
        own, _ = await bulk(sizes, engine, container.record)
        try:
            await remove(engine, container.id, force=False, volumes=False, link=False)
        except (Conflict, NotFound):
            continue
        removed.append(container.id)
        reclaimed += own
    engine.events.publish("container", "prune", "", {"reclaimed": str(reclaimed)})
    return {"ContainersDeleted": removed or None, "SpaceReclaimed": reclaimed}


def _choose(engine: Engine, filters: dict[str, list[str]]) -> list[Container]:
    for key in filters:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    moments = filters.get("until") or []
    if len(moments) > 1:
        raise InvalidParameter("more than one until filter specified")
    until_ns = parse_moment(moments[0], now_ns()) if moments else None
    wanted, unwanted = filters.get("label") or [], filters.get("label!") or []
    return [
        container
        for container in sorted(engine.containers, key=lambda container: container.record.created_ns)
        if not container.active
        and (until_ns is None or container.record.created_ns <= until_ns)
        and labels_match(container.record.config.labels or {}, wanted)
        and not (unwanted and labels_match(container.record.config.labels or {}, unwanted))
    ]
