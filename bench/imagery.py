"""The images of the measurements, made of this machine's own programs, libraries and documents.

a: one layer of some 23,000 files and 560 MB. b: the same files in eight layers. c: forty small layers. Everywhere the
same kind of files, and on one machine always the same ones. The tars are compressed by zlib at its default level, as
most images of registries are.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCES = ("/usr/bin", "/usr/lib", "/usr/share")
FILES, BYTES = 23_000, 560_000_000
SMALL_LAYERS, FILES_OF_SMALL = 40, 30
_LARGEST_FILE = 40_000_000
_MEAN = BYTES // FILES
# Large files may come before the small ones that make up for them.
_AHEAD = 60_000_000

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True)
class Blob:
    """A file with a blob. digest: of its bytes."""

    path: Path
    digest: str
    size: int


@dataclass(frozen=True)
class Image:
    """What a registry needs of one image. layers: compressed; tars: the same uncompressed; files: how many."""

    name: str
    config: bytes
    layers: tuple[Blob, ...]
    tars: tuple[Blob, ...]
    files: int

    @property
    def tar_bytes(self) -> int:
        """All layers, uncompressed."""
        return sum(tar.size for tar in self.tars)

    @property
    def blob_bytes(self) -> int:
        """All layers, compressed."""
        return sum(layer.size for layer in self.layers)

    def manifest(self) -> bytes:
        """As Docker writes it."""
        digest = f"sha256:{hashlib.sha256(self.config).hexdigest()}"
        value: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(self.config), "digest": digest},
            "layers": [{"mediaType": LAYER, "size": one.size, "digest": one.digest} for one in self.layers],
        }
        return json.dumps(value, indent=3).encode()


def make(folder: Path) -> dict[str, Image]:
    """The three images, by name; the blobs lie in `folder`, and are made once."""
    folder.mkdir(parents=True, exist_ok=True)
    files = _choose()
    eighth = -(-len(files) // 8)
    small = [path for path in files if _size(path) < 60_000]
    layers = {
        "a": [files],
        "b": [files[at : at + eighth] for at in range(0, len(files), eighth)],
        "c": [small[at * FILES_OF_SMALL : (at + 1) * FILES_OF_SMALL] for at in range(SMALL_LAYERS)],
    }
    return {name: _image(folder, name, parts) for name, parts in layers.items()}


def _choose() -> list[str]:
    """Files in the order of their paths, small and large ones so mixed that both their number and their bytes fit."""
    chosen: list[str] = []
    total = 0
    for path in _all_files():
        size = _size(path)
        # Whether this one brings the mean of what is chosen nearer to the one that is wanted, or does no harm.
        wanted = _MEAN * (len(chosen) + 1)
        if size > _LARGEST_FILE or (size > _MEAN and total + size > wanted + _AHEAD):
            continue
        chosen.append(path)
        total += size
        if len(chosen) >= FILES:
            break
    return chosen


def _all_files() -> Iterator[str]:
    # From all three at once: programs are large, documents are small.
    streams = [_walk(source) for source in SOURCES]
    while streams:
        for stream in list(streams):
            for _ in range(8):
                path = next(stream, None)
                if path is None:
                    streams.remove(stream)
                    break
                yield path


def _walk(top: str) -> Iterator[str]:
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = f"{folder}/{name}"
            if not os.path.islink(path) and os.path.isfile(path):
                yield path


def _size(path: str) -> int:
    return os.stat(path).st_size


def _image(folder: Path, name: str, parts: Sequence[Sequence[str]]) -> Image:
    stamp = folder / f"{name}.json"
    key = hashlib.sha256(json.dumps([[(path, _size(path)) for path in part] for part in parts]).encode()).hexdigest()
    known = json.loads(stamp.read_text()) if stamp.exists() else {}
    if known.get("key") != key:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            made = list(pool.map(lambda number: _layer(folder, f"{name}{number}", parts[number]), range(len(parts))))
        known = {"key": key, "layers": made}
        stamp.write_text(json.dumps(known))
    tars = tuple(Blob(folder / one["tar"], one["diff_id"], one["tar_size"]) for one in known["layers"])
    layers = tuple(Blob(folder / one["blob"], one["digest"], one["size"]) for one in known["layers"])
    config = {
        "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64",
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "config": {"Cmd": ["true"], "Labels": {"bench": name}},
        "rootfs": {"type": "layers", "diff_ids": [tar.digest for tar in tars]},
        "history": [{"created": "2026-01-02T03:04:05Z", "created_by": f"layer {at}"} for at in range(len(tars))],
    }
    return Image(name, json.dumps(config).encode(), layers, tars, sum(map(len, parts)))


def _layer(folder: Path, name: str, paths: Sequence[str]) -> dict[str, Any]:
    tar_path, blob_path = folder / f"{name}.tar", folder / f"{name}.tar.gz"
    with tarfile.open(tar_path, "w", format=tarfile.PAX_FORMAT) as tar:
        known: set[str] = set()
        for path in paths:
            _parents(tar, os.path.dirname(path.lstrip("/")), known)
            info = tar.gettarinfo(path, arcname=path.lstrip("/"))
            if not info.isreg():  # one of several links to a file: here each is a file
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", _size(path)
            with open(path, "rb") as file:
                tar.addfile(info, file)
    with tar_path.open("rb") as source, blob_path.open("wb") as raw:
        with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            while data := source.read(1 << 20):
                packed.write(data)
    return {
        "tar": tar_path.name,
        "diff_id": _digest(tar_path),
        "tar_size": tar_path.stat().st_size,
        "blob": blob_path.name,
        "digest": _digest(blob_path),
        "size": blob_path.stat().st_size,
    }


def _parents(tar: tarfile.TarFile, folder: str, known: set[str]) -> None:
    if not folder or folder in known:
        return
    _parents(tar, os.path.dirname(folder), known)
    known.add(folder)
    info = tarfile.TarInfo(folder)
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, 1767323045
    tar.addfile(info, io.BytesIO())


def digest_of(data: bytes) -> str:
    """The name of a layer that is in memory."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
