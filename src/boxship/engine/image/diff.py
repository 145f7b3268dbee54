"""boxship image diff: what is not the same in two images."""

from typing import Any

import msgspec

from boxship.engine.engine import Engine
from boxship.image.explain.difference import Difference, differences
from boxship.image.explain.trees import layer_data
from boxship.lib.bridge import bulk
from boxship.model.config import ContainerConfig
from boxship.model.image import ImageRecord


async def diff(engine: Engine, name: str, other: str) -> dict[str, Any]:
    """The body of `GET /boxship/images/{name}/diff?to=`: how `other` differs from `name`. NotFound."""
    before, after = engine.images.resolve(name), engine.images.resolve(other)
    with engine.images.hold(before.id), engine.images.hold(after.id):
        found = await bulk(_differences, engine, before, after)
    return {
        "From": _image(before),
        "To": _image(after),
        "SameLayers": _common(before.diff_ids, after.diff_ids),
        "Config": _config(before, after),
        "Files": [_file(difference) for difference in found],
    }


def _differences(engine: Engine, before: ImageRecord, after: ImageRecord) -> list[Difference]:
    if before.diff_ids == after.diff_ids:
        return []
    # Each side has trees of its own: laying layers over each other uses them up.
    one, two = (layer_data(engine.snapshotter, image.diff_ids) for image in (before, after))
    return differences(one, two)


def _image(image: ImageRecord) -> dict[str, Any]:
    return {"Id": image.id, "RepoTags": image.tags, "Size": image.size, "Layers": len(image.diff_ids)}


def _common(one: list[str], other: list[str]) -> int:
    same = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        same += 1
    return same


def _config(before: ImageRecord, after: ImageRecord) -> list[dict[str, Any]]:
    """The keys of the config that differ, those of environment and labels one by one."""
    pairs = [("Os", before.os, after.os), ("Architecture", before.architecture, after.architecture)]
    pairs.append(("Variant", before.variant, after.variant))
    found: list[dict[str, Any]] = [{"Key": key, "From": one, "To": two} for key, one, two in pairs if one != two]
    old, new = _settings(before.config), _settings(after.config)
    found += [
        {"Key": key, "From": old.get(key), "To": new.get(key)}
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]
    return found


def _settings(config: ContainerConfig) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(config)
    settings: dict[str, Any] = {}
    for key, value in values.items():
        if key == "Env":
            pairs = [entry.partition("=") for entry in value or []]
            settings |= {f"Env.{name}": text for name, _, text in pairs}
        elif isinstance(value, dict) and key in ("Labels", "ExposedPorts", "Volumes"):
            settings |= {f"{key}.{name}": given for name, given in value.items()}
        elif value:
            settings[key] = value
    return settings


def _file(difference: Difference) -> dict[str, Any]:
    return {
        "Kind": difference.kind,
        "Path": difference.path.decode("utf-8", "surrogateescape"),
        "From": difference.before,
        "To": difference.after,
        "What": list(difference.what),
    }
