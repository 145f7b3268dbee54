"""Image archives for tests, written byte for byte the same wherever the inputs are: so are their image ids.

The archive has the shape that Docker 25 and later write: an OCI layout with Docker's manifest.json beside it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EPOCH = "2026-01-02T03:04:05Z"
SECONDS = 1767323045


@dataclass(frozen=True)
class Entry:
    """One entry of a layer. `data` is the content of a file, the target of a link."""

    path: str
    data: bytes | str = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    device: tuple[int, int] = (0, 0)


def folder(path: str, mode: int = 0o755) -> Entry:
    """A folder."""
    return Entry(path, kind=tarfile.DIRTYPE, mode=mode)


def link(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, target, tarfile.SYMTYPE, 0o777)


def hard_link(path: str, target: str) -> Entry:
    """A hard link to an earlier entry."""
    return Entry(path, target, tarfile.LNKTYPE, 0o755)


def layer(entries: Iterable[Entry]) -> bytes:
    """The tar of a layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type, info.mode, info.mtime = entry.kind, entry.mode, SECONDS
            info.uid, info.gid = entry.uid, entry.gid
            info.devmajor, info.devminor = entry.device
            if isinstance(entry.data, str):
                info.linkname = entry.data
                tar.addfile(info)
            else:
                info.size = len(entry.data)
                tar.addfile(info, io.BytesIO(entry.data))
    return out.getvalue()


def architecture() -> str:
    """This machine's architecture by its name in image configs (GOARCH)."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


@dataclass(frozen=True)
class Image:
    """An image to archive: the `config` object of its image config, its layers, its references."""

    references: tuple[str, ...]
    layers: tuple[bytes, ...]
    config: dict[str, Any] = field(default_factory=dict)
    compressed: bool = False
    architecture: str = field(default_factory=architecture)

    @property
    def document(self) -> bytes:
        """The image config (OCI image-spec, config.md)."""
        return _json(
            {
                "architecture": self.architecture,
                "config": self.config,
                "created": EPOCH,
                "history": [
                    {"created": EPOCH, "created_by": f"layer {number}", "comment": "made for tests"}
                    for number, _ in enumerate(self.layers)
                ],
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in self.layers]},
            }
        )

    @property
    def id(self) -> str:
        """The image id: the digest of the config."""
        return digest(self.document)


def digest(data: bytes) -> str:
    """sha256 with its algorithm."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def archive(images: Iterable[Image]) -> bytes:
    """An archive as `docker save` writes it: OCI layout and manifest.json in one tar."""
    blobs: dict[str, bytes] = {}
    descriptors: list[dict[str, Any]] = []
    manifest: list[dict[str, Any]] = []
    for image in images:
        suffix = "+gzip" if image.compressed else ""
        stored = [gzip.compress(data, 1, mtime=0) if image.compressed else data for data in image.layers]
        media = "application/vnd.oci.image.layer.v1.tar" + suffix
        index = _json(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": _descriptor("application/vnd.oci.image.config.v1+json", image.document),
                "layers": [_descriptor(media, data) for data in stored],
            }
        )
        for blob in (*stored, image.document, index):
            blobs[_blob(blob)] = blob
        described = _descriptor("application/vnd.oci.image.manifest.v1+json", index)
        for reference in image.references:
            names = {
                "io.containerd.image.name": f"docker.io/{reference}",
                "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
            }
            descriptors.append(described | {"annotations": names})
        if not image.references:
            descriptors.append(described)
        manifest.append(
            {
                "Config": _blob(image.document),
                "RepoTags": list(image.references) or None,
                "Layers": [_blob(data) for data in stored],
            }
        )
    top = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": descriptors,
    }
    members = [folder("blobs"), folder("blobs/sha256")]
    members += [Entry(path, data) for path, data in sorted(blobs.items())]
    members += [
        Entry("index.json", _json(top)),
        Entry("manifest.json", _json(manifest)),
        Entry("oci-layout", _json({"imageLayoutVersion": "1.0.0"})),
    ]
    return layer(members)


def _descriptor(media: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media, "digest": digest(data), "size": len(data)}


def _blob(data: bytes) -> str:
    return "blobs/sha256/" + hashlib.sha256(data).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


PASSWD = b"root:x:0:0:root:/root:/bin/sh\nbin:x:2:2:bin:/bin:/bin/false\nworker:x:1000:1000::/home/worker:/bin/sh\n"
GROUP = b"root:x:0:\nbin:x:2:\naudio:x:29:worker\nworker:x:1000:\nextra:x:2000:worker\n"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def busybox_root(busybox: Path) -> bytes:
    """A root file system of one static program with all its names, as hard links."""
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    folders = ("bin", "etc", "root", "home", "home/worker", "usr", "var", "var/data")
    entries = [folder(path) for path in folders] + [folder("tmp", 0o1777)]
    entries.append(Entry("bin/busybox", busybox.read_bytes(), mode=0o755))
    entries += [hard_link(f"bin/{name}", "bin/busybox") for name in names if name != "busybox"]
    entries += [
        Entry("etc/passwd", PASSWD),
        Entry("etc/group", GROUP),
        Entry("etc/motd", b"a file of the base layer\n"),
        Entry("bin/not-executable", b"#!/bin/sh\necho no\n", mode=0o644),
        Entry("bin/bad-format", b"\x7fELFnot really", mode=0o755),
        Entry("var/data/one", b"1\n"),
        Entry("var/data/two", b"2\n"),
    ]
    return layer(entries)


def base_images(busybox: Path) -> list[Image]:
    """The two images that facts and client tests run: a plain one, and one with every common config field."""
    root = busybox_root(busybox)
    second = layer(
        [
            folder("var"),
            folder("var/data"),
            Entry("var/data/.wh.one"),
            Entry("var/data/three", b"3\n"),
            Entry("etc/motd", b"a file of the second layer\n"),
            Entry("entry.sh", b'#!/bin/sh\necho "entry: $@"\nexec "$@"\n', mode=0o755),
        ]
    )
    rich = {
        "Env": [PATH, "COLOUR=green", "EMPTY="],
        "Entrypoint": ["/entry.sh"],
        "Cmd": ["echo", "from the image"],
        "User": "worker",
        "WorkingDir": "/home/worker/deep/er",
        "Labels": {"org.example.kind": "rich", "empty": ""},
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "StopSignal": "SIGINT",
    }
    return [
        Image(("bx/base:1", "bx/base:latest"), (root,), {"Env": [PATH], "Cmd": ["sh"]}),
        Image(("bx/rich:1",), (root, second), rich, compressed=True),
    ]
