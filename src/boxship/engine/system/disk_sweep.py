"""What lies in the data root, found by looking: whose it is, and what is nobody's."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_HEX = 64
_BLOCK = 512  # stat(2): st_blocks counts these


@dataclass(slots=True)
class Owners:
    """The names of what is known: layers, indexes of images and blobs by their hexadecimal digits, containers by id."""

    layers: set[str] = field(default_factory=set)
    indexes: set[str] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)
    containers: set[str] = field(default_factory=set)


def sweep(data_root: str, owners: Owners) -> dict[str, Any]:
    """Bytes on the disk (blocks, not lengths) by what they are for, and what nobody owns, with its paths (blocks).

    An entry with a hidden name is being made or removed; after a kill it is removed by the next start.
    """
    kinds: dict[str, int] = {}
    unowned: list[dict[str, Any]] = []
    for kind, path, name in _entries(data_root):
        size = _bytes(path)
        if _is_owned(kind, name, owners):
            kinds[kind] = kinds.get(kind, 0) + size
        else:
            unowned.append({"Path": path, "Size": size})
    unowned.sort(key=lambda entry: entry["Path"])
    return {
        "Total": sum(kinds.values()) + sum(entry["Size"] for entry in unowned),
        "Kinds": dict(sorted(kinds.items())),
        "Unowned": sum(entry["Size"] for entry in unowned),
        "UnownedPaths": unowned,
    }


def _entries(data_root: str) -> Iterator[tuple[str, str, str]]:
    """(the folder it lies in, path, name) of what can have an owner: two levels deep, three for blobs."""
    for name in _names(data_root):
        path = f"{data_root}/{name}"
        if name not in ("layers", "snapshots", "containers", "blobs", "indexes"):
            yield ("state", path, name)
            continue
        folders = [f"{path}/{algorithm}" for algorithm in _names(path)] if name == "blobs" else [path]
        for folder in folders:
            yield from ((name, f"{folder}/{child}", child) for child in _names(folder))


def _is_owned(kind: str, name: str, owners: Owners) -> bool:
    if name.startswith("."):
        return False
    match kind:
        case "layers":
            # Names that are no digests are the snapshotter's own.
            return len(name) != _HEX or name in owners.layers
        case "indexes":
            return len(name) != _HEX or name in owners.indexes
        case "blobs":
            return name in owners.blobs
        case "containers" | "snapshots":
            return len(name) != _HEX or name in owners.containers
    return True


def _bytes(path: str) -> int:
    """What a file or a tree takes on the disk, each inode once; what vanishes meanwhile counts nothing."""
    total = 0
    seen: set[tuple[int, int]] = set()
    waiting = [path]
    while waiting:
        path = waiting.pop()
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        total += status.st_blocks * _BLOCK
        if os.path.isdir(path) and not os.path.islink(path):
            waiting += [f"{path}/{name}" for name in _names(path)]
    return total


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
