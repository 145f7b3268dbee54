"""boxship image inspect --layers: what each layer of an image is for, and what of it is lost."""

from contextlib import ExitStack
from itertools import islice
from typing import Any

from boxship.engine.engine import Engine
from boxship.image.config import Step, history_of
from boxship.image.explain.account import Account, Count, Hidden, account
from boxship.image.explain.contents import Contents, what_differs
from boxship.image.explain.instruction import instruction
from boxship.image.explain.trees import layer_data
from boxship.lib.bridge import bulk, quick
from boxship.lib.clock import rfc3339nano
from boxship.model.image import ImageRecord

_UNKNOWN = Step(0, "", "", False)


async def layers(engine: Engine, name: str, most: int) -> dict[str, Any]:
    """The body of `GET /boxship/images/{name}/layers`; `most` hidden files are listed, the biggest. NotFound."""
    image = engine.images.resolve(name)
    with engine.images.hold(image.id):
        blob = await quick(engine.images.config_blob, image.id)
        found, hidden = await bulk(_account, engine, image, most)
    steps = [step for step in history_of(blob) if not step.empty_layer]
    if len(steps) > len(image.diff_ids):
        steps = []  # it does not say which step brought which layer
    steps += [_UNKNOWN] * (len(image.diff_ids) - len(steps))
    return {
        "Id": image.id,
        "RepoTags": image.tags,
        "Size": found.size,
        "Visible": found.visible,
        "Wasted": found.wasted,
        "Layers": [_layer(image, found, steps[number], number) for number in range(len(image.diff_ids))],
        "Hidden": hidden,
        "HiddenFiles": len(found.hidden),
    }


def _account(engine: Engine, image: ImageRecord, most: int) -> tuple[Account, list[dict[str, Any]]]:
    layers = layer_data(engine.snapshotter, image.diff_ids)
    found = account([layer.tree for layer in layers])
    with ExitStack() as stack:
        contents = Contents(layers, stack)
        return found, [_hidden(file, contents) for file in islice(found.hidden, most)]


def _layer(image: ImageRecord, found: Account, step: Step, number: int) -> dict[str, Any]:
    layer = found.layers[number]
    return {
        "Number": number + 1,
        "DiffId": image.diff_ids[number],
        "Created": rfc3339nano(step.created) if step.created else "",
        "CreatedBy": step.created_by,
        "Instruction": instruction(step.created_by) or step.comment,
        "Size": layer.size,
        "Added": _count(layer.added),
        "Changed": _count(layer.changed),
        "Deleted": _count(layer.deleted),
        "Wasted": _count(layer.wasted),
    }


def _count(count: Count) -> dict[str, int]:
    return {"Files": count.files, "Bytes": count.bytes}


def _hidden(file: Hidden, contents: Contents) -> dict[str, Any]:
    what = what_differs(file.node, contents, file.instead, contents) if file.instead is not None else ()
    return {
        "Path": "/" + file.path.decode("utf-8", "surrogateescape"),
        "Bytes": file.bytes,
        "Layer": file.layer + 1,
        "HiddenBy": file.hidden_by + 1,
        "How": "changed" if file.instead is not None else "deleted",
        "What": list(what),
    }
