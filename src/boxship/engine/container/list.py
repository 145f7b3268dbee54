"""docker ps."""

import builtins
from typing import Any

from boxship.engine.container.filters import select
from boxship.engine.container.register import Container
from boxship.engine.container.shapes import mounts, networks, ports
from boxship.engine.container.status import status_text
from boxship.engine.container.usage import sizes
from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk, quick
from boxship.lib.clock import now_ns
from boxship.lib.errors import InvalidParameter, NotFound


async def list(
    engine: Engine, *, all: bool, limit: int, size: bool, filters: dict[str, builtins.list[str]]
) -> builtins.list[dict[str, Any]]:
    """The body of `GET /containers/json` (API 1.51), the newest first.

    all: also those that do not run. limit: so many of the newest, whatever their state; 0 or less for no limit.
    size: with SizeRw and SizeRootFs, in bytes. InvalidParameter for a filter that makes no sense.
    """
    chosen = select(engine, all=all, limit=limit, filters=filters)
    names = await quick(_meanings, engine, {container.record.config.image for container in chosen})
    now = now_ns()
    bodies = [_body(container, names, now) for container in chosen]
    if size:
        for container, body in zip(chosen, bodies, strict=True):
            own, whole = await bulk(sizes, engine, container.record)
            # Docker leaves a zero out here.
            body |= ({"SizeRw": own} if own else {}) | ({"SizeRootFs": whole} if whole else {})
    return bodies


def _meanings(engine: Engine, names: set[str]) -> dict[str, str]:
    """The ids of the images that these names lead to now."""
    found = {}
    for name in names:
        try:
            found[name] = engine.images.resolve(name).id
        except (NotFound, InvalidParameter):
            continue
    return found


def _body(container: Container, names: dict[str, str], now: int) -> dict[str, Any]:
    record, state = container.record, container.state
    image = record.config.image
    return {
        "Id": record.id,
        "Names": [f"/{record.name}"],
        # A name that leads elsewhere by now would mislead.
        "Image": image if names.get(image) == record.image_id else record.image_id,
        "ImageID": record.image_id,
        "Command": command_text(record.command),
        "Created": record.created_ns // 1_000_000_000,
        "Ports": ports(container),
        "Labels": record.config.labels or {},
        "State": state.status,
        "Status": status_text(state, now),
        "HostConfig": {
            "NetworkMode": record.host.network_mode,
            **({"Annotations": record.host.annotations} if record.host.annotations else {}),
        },
        "NetworkSettings": {"Networks": networks(container)},
        "Mounts": mounts(record),
    }


def command_text(command: builtins.list[str]) -> str:
    """The command in one line; words that hold a space are quoted, as Docker does it."""
    return " ".join(f"'{word}'" if " " in word else word for word in command)
