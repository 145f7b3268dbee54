"""docker network prune."""

from boxship.engine.engine import Engine
from boxship.engine.image.moment import parse_moment
from boxship.engine.network.list import check_filters, has_label, in_use
from boxship.engine.network.remove import remove
from boxship.lib.clock import now_ns
from boxship.lib.errors import BoxshipError, InvalidParameter

_KNOWN = frozenset({"label", "label!", "until"})


async def prune(engine: Engine, filters: dict[str, list[str]]) -> list[str]:
    """Remove the networks that no container belongs to; their names. InvalidParameter for an unknown filter."""
    check_filters(filters, _KNOWN)
    moments = filters.get("until", [])
    if len(moments) > 1:
        raise InvalidParameter("more than one until filter specified")
    until = min((parse_moment(text, now_ns()) for text in moments), default=now_ns())
    gone = []
    for network in engine.networks:
        record = network.record
        if record.predefined or in_use(engine, network) or record.created_ns > until:
            continue
        if not all(has_label(record.labels, value) for value in filters.get("label", ())):
            continue
        if any(has_label(record.labels, value) for value in filters.get("label!", ())):
            continue
        try:
            await remove(engine, network.id)
        except BoxshipError:
            # A container has come meanwhile.
            continue
        gone.append(record.name)
    engine.events.publish("network", "prune", "", {"reclaimed": "0"})
    return gone
