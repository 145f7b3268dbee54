"""The registry that the cases of pulls ask, as {registry}: the same images and refusals for Docker and for us.

Its repositories are reached below any first component, so that each run has names of its own: {registry}/{p}/one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from boxship.model import manifest as types
from tests.support.hostile import Asked, Reply, scripted
from tests.support.imagery import Image, Layer, Shelf, index, sha256, tar_of

CODES = {
    "unauthorized": (401, "UNAUTHORIZED"),
    "denied": (403, "DENIED"),
    "name": (404, "NAME_UNKNOWN"),
    "manifest": (404, "MANIFEST_UNKNOWN"),
    "invalid": (400, "NAME_INVALID"),
    "many": (429, "TOOMANYREQUESTS"),
}


@contextmanager
def fact_registry() -> Iterator[str]:
    """Run it on the loopback; its host and port."""
    shelf = _filled()

    def answer(asked: Asked) -> Reply:
        _, version, *rest = asked.path.partition("?")[0].split("/")
        if len(rest) < 3:
            return shelf.answer(asked)
        _, *inner = rest  # the run's own component
        path = "/" + "/".join((version, *inner))
        if path == "/v2/one/tags/list":
            return Reply(200, json.dumps({"tags": ["1", "2"]}).encode(), {"Content-Type": "application/json"})
        if path.endswith("/tags/list"):
            return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return shelf.answer(replace(asked, path=path))

    with scripted(answer) as server:
        yield server.host


def _filled() -> Shelf:
    shelf = Shelf()
    shelf.put("one", "1", Image([Layer(tar_of(1001))], labels={"who": "one"}))
    shelf.put("one", "2", Image([Layer(tar_of(1002))], labels={"who": "two"}))
    shelf.put("one", "latest", Image([Layer(tar_of(1001))], labels={"who": "latest"}))
    shelf.put("empty", "1", Image([], labels={"who": "empty"}))
    images = [
        shelf.put("multi", name, Image([Layer(tar_of(1010 + number))], *name.partition("-")[::2]))
        for number, name in enumerate(("arm-v6", "arm-v7", "arm64-v8", "386", "s390x"))
    ]
    shelf.put_manifest("multi", "1", types.OCI_INDEX, index([image.entry() for image in images]))
    shelf.put_manifest("multi", "none", types.OCI_INDEX, index([images[-1].entry()]))
    _put_wrong(shelf)
    for name, (status, code) in CODES.items():
        shelf.answers[f"/v2/code/manifests/{name}"] = (
            lambda asked, status=status, code=code: _error(status, code, "so it says")  # type: ignore[misc]
        )
    return shelf


def _put_wrong(shelf: Shelf) -> None:
    shelf.put("wrong", "windows", Image([Layer(tar_of(1021))], config={"os": "windows"}))
    shelf.put("wrong", "rootfs", Image([Layer(tar_of(1022))], config={"rootfs": None}))
    image = Image([Layer(tar_of(1023))])
    for name, key, kind in (
        ("artifact", "config", "application/vnd.oci.empty.v1+json"),
        ("helm", "config", "application/vnd.cncf.helm.config.v1+json"),
        ("layer", "layers", "application/vnd.example.layer"),
    ):
        document = json.loads(image.manifest())
        part = document[key][0] if key == "layers" else document[key]
        part["mediaType"] = kind
        shelf.put("wrong", "unused", image)
        shelf.put_manifest("wrong", name, image.media_type, json.dumps(document).encode())
    blob = Layer(tar_of(1024))
    shelf.put("wrong", "blob", Image([blob]))
    shelf.replace("wrong", blob, lambda asked: Reply(200, bytes(len(blob.blob))))
    other = Image([Layer(tar_of(1025))]).manifest()
    asked_for = sha256(b"asked for")
    shelf.answers[f"/v2/wrong/manifests/{asked_for}"] = lambda asked: Reply(
        200, other, {"Content-Type": types.DOCKER_MANIFEST}
    )


def _error(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": {"name": "it"}}]}).encode()
    return Reply(status, body, {"Content-Type": "application/json"})
