"""Images for registries, whole or wrong in a chosen way, as blobs and manifests."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from boxship.model import manifest as types
from tests.support.hostile import Asked, Reply
from tests.support.tars import file, tar


def sha256(data: bytes) -> str:
    """The digest of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def packed(data: bytes) -> bytes:
    """As gzip, always the same."""
    return gzip.compress(data, 1, mtime=0)


def tar_of(seed: int, size: int = 2000) -> bytes:
    """The tar of a layer with one file that no other seed has."""
    return tar(file(f"file-{seed}", random.Random(seed).randbytes(size)))


@dataclass
class Layer:
    """A layer as a registry has it. blob: its bytes; tar: what they unpack to; more: keys of its descriptor."""

    tar: bytes
    blob: bytes = b""
    media_type: str = types.DOCKER_GZIP
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.blob = self.blob or packed(self.tar)

    @property
    def digest(self) -> str:
        """Of the blob."""
        return sha256(self.blob)

    def descriptor(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.blob), **self.more}


@dataclass
class Image:
    """An image as a registry has it. config: more keys of its config; oci: by OCI's media types."""

    layers: Sequence[Layer]
    architecture: str = "amd64"
    variant: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    oci: bool = False

    @property
    def media_type(self) -> str:
        """Of the manifest."""
        return types.OCI_MANIFEST if self.oci else types.DOCKER_MANIFEST

    def config_blob(self) -> bytes:
        """The config; its digest is the image's id."""
        value = {
            "architecture": self.architecture,
            **({"variant": self.variant} if self.variant else {}),
            "os": "linux",
            "created": "2026-01-02T03:04:05Z",
            "config": {"Cmd": ["/hello"], "Labels": self.labels},
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer.tar) for layer in self.layers]},
            **self.config,
        }
        return json.dumps(value).encode()

    @property
    def id(self) -> str:
        """The image's id."""
        return sha256(self.config_blob())

    def manifest(self) -> bytes:
        """The manifest."""
        config = self.config_blob()
        kind = types.OCI_CONFIG if self.oci else types.DOCKER_CONFIG
        value = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": {"mediaType": kind, "digest": sha256(config), "size": len(config)},
            "layers": [layer.descriptor() for layer in self.layers],
        }
        return json.dumps(value).encode()

    def blobs(self) -> list[bytes]:
        """The config and the layers."""
        return [self.config_blob(), *(layer.blob for layer in self.layers)]

    def entry(self, **platform: Any) -> dict[str, Any]:
        """As an index has it; its own platform unless another is given."""
        data = self.manifest()
        own: dict[str, Any] = {"os": "linux", "architecture": self.architecture}
        own |= {"variant": self.variant} if self.variant else {}
        return {"mediaType": self.media_type, "digest": sha256(data), "size": len(data), "platform": own | platform}


def index(entries: Sequence[dict[str, Any]]) -> bytes:
    """An index."""
    return json.dumps({"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": list(entries)}).encode()


def send(host: str, repository: str, reference: str, image: Image) -> str:
    """Put an image into a real registry under a tag; its manifest's digest."""
    for blob in image.blobs():
        status, headers = _ask(host, "POST", f"/v2/{repository}/blobs/uploads/", b"")
        assert status == 202, status
        place = headers["location"].partition("/v2/")[2]
        mark = "&" if "?" in place else "?"
        status, _ = _ask(host, "PUT", f"/v2/{place}{mark}digest={sha256(blob)}", blob)
        assert status == 201, status
    return send_manifest(host, repository, reference, image.media_type, image.manifest())


def send_manifest(host: str, repository: str, reference: str, media_type: str, data: bytes) -> str:
    """Put a manifest into a real registry; its digest."""
    status, _ = _ask(host, "PUT", f"/v2/{repository}/manifests/{reference}", data, {"Content-Type": media_type})
    assert status == 201, status
    return sha256(data)


def _ask(
    host: str, method: str, path: str, body: bytes, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


class Shelf:
    """What a scripted registry has: answers by path; whatever is not there is unknown. `answer` is its behaviour."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Asked], Reply]] = {}

    def put(self, repository: str, reference: str, image: Image) -> Image:
        """Offer an image under a tag and by its digest."""
        for blob in image.blobs():
            self.answers[f"/v2/{repository}/blobs/{sha256(blob)}"] = ranged(blob)
        self.put_manifest(repository, reference, image.media_type, image.manifest())
        return image

    def put_manifest(self, repository: str, reference: str, media_type: str, data: bytes) -> None:
        """Offer a manifest under a tag and by its digest."""
        headers = {"Content-Type": media_type, "Docker-Content-Digest": sha256(data)}
        for name in (reference, sha256(data)):
            self.answers[f"/v2/{repository}/manifests/{name}"] = lambda asked: Reply(200, data, dict(headers))

    def replace(self, repository: str, layer: Layer, answer: Callable[[Asked], Reply]) -> None:
        """Answer otherwise for a layer's blob."""
        self.answers[f"/v2/{repository}/blobs/{layer.digest}"] = answer

    def answer(self, asked: Asked) -> Reply:
        """The behaviour."""
        path = asked.path.partition("?")[0]
        if path == "/v2/":
            return Reply(200, b"{}")
        if path in self.answers:
            return self.answers[path](asked)
        code = "BLOB_UNKNOWN" if "/blobs/" in path else "MANIFEST_UNKNOWN"
        # With a detail, as the real one: without it Docker's client forgets the code.
        error = {"code": code, "message": code.replace("_", " ").lower(), "detail": {"name": path}}
        body = json.dumps({"errors": [error]}).encode()
        return Reply(404, body, {"Content-Type": "application/json"})


def ranged(data: bytes) -> Callable[[Asked], Reply]:
    """An honest blob, which can be asked for from an offset on."""

    def answer(asked: Asked) -> Reply:
        start = asked.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
        if not start:
            return Reply(200, data)
        place = int(start)
        return Reply(206, data[place:], {"Content-Range": f"bytes {place}-{len(data) - 1}/{len(data)}"})

    return answer
