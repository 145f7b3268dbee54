"""Registries that mean it no good, or are broken: a pull ends with a sentence, and nothing of it is kept."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from boxship.image.pull import layer as pull_layer
from boxship.image.pull.pull import pull as pull_image
from boxship.image.pull.session import Session
from boxship.image.store import ImageStore
from boxship.lib.errors import BoxshipError
from boxship.model import manifest as types
from boxship.model.reference import parse
from boxship.registry.client import Registry
from boxship.registry.config import RegistryConfig
from boxship.registry.limits import Patience
from boxship.storage.content import ContentStore
from boxship.storage.database import Database
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter
from tests.support.engine import Engine
from tests.support.hostile import Reply, Scripted, cutting, scripted
from tests.support.imagery import Image, Layer, Shelf, index, packed, send, sha256, tar_of
from tests.support.machine import files_below
from tests.support.registry import real_registry

Wrong = Callable[[Shelf, Image], object]
MANIFEST = "/v2/x/manifests/1"


def kept(engine: Engine) -> set[str]:
    """All files that images lie in, but for what is on its way out: an earlier test's, perhaps."""
    roots = [engine.data_root / name for name in ("layers", "blobs")]
    return {path for path in files_below(*roots) if "/.gone." not in path}


def pull(engine: Engine, server: Scripted, repository: str = "x") -> str:
    """What the pull's error says; "" when there is none."""
    fields = urllib.parse.urlencode({"fromImage": f"{server.host}/{repository}", "tag": "1"})
    answer = engine.api.request("POST", f"/v1.51/images/create?{fields}", timeout=90)
    last = [json.loads(line) for line in answer.body.splitlines() if line][-1]
    words: str = last.get("error") or last.get("message") or ""
    return words


def replaced(answer: Callable[[Layer], Reply]) -> Wrong:
    """Another answer for the blob of the last layer."""
    return lambda shelf, image: shelf.replace("x", image.layers[-1], lambda asked: answer(image.layers[-1]))


def another(change: Callable[[dict[str, Any]], object]) -> Wrong:
    """A changed manifest."""

    def wrong(shelf: Shelf, image: Image) -> None:
        document = json.loads(image.manifest())
        change(document)
        shelf.put_manifest("x", "1", image.media_type, json.dumps(document).encode())

    return wrong


def offered(image: Image) -> Wrong:
    """Another image in its place."""
    return lambda shelf, old: shelf.put("x", "1", image)


def answered(reply: Reply) -> Wrong:
    """Another answer for the manifest."""
    return lambda shelf, image: shelf.answers.__setitem__(MANIFEST, lambda asked: reply)


def nested(shelf: Shelf, image: Image) -> None:
    """Ten indexes within one another."""
    entry = image.entry()
    for number in range(10):
        data = index([entry])
        shelf.put_manifest("x", "1" if number == 9 else f"n{number}", types.OCI_INDEX, data)
        entry = {"mediaType": types.OCI_INDEX, "digest": sha256(data), "size": len(data)}


def lying_index(shelf: Shelf, image: Image) -> None:
    """An index that says another size of its manifest."""
    shelf.put_manifest("x", "1", types.OCI_INDEX, index([{**image.entry(), "size": 7}]))


def endless(connection: Any) -> None:
    """A manifest of 100 MB that does not say how long it is."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {types.OCI_MANIFEST}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())
    for _ in range(100):
        connection.sendall(b" " * (1 << 20))


CASES: dict[str, tuple[Wrong, str]] = {
    "another-blob": (
        replaced(lambda layer: Reply(200, bytes(len(layer.blob)))),
        "filesystem layer verification failed for digest {last}|failed to register layer",
    ),
    "one-bit": (
        replaced(lambda layer: Reply(200, layer.blob[:-1] + bytes([layer.blob[-1] ^ 1]))),
        "filesystem layer verification failed|failed to register layer: .*damaged",
    ),
    "shorter": (replaced(lambda layer: Reply(200, layer.blob[:500])), "{last} has 500 bytes at the registry"),
    "longer": (replaced(lambda layer: Reply(200, layer.blob + b"x")), "{last} has [0-9]+ bytes at the registry"),
    "longer-without-length": (
        replaced(lambda layer: Reply(200, layer.blob + b"x", length=-1)),
        "{last} has more bytes at the registry than",
    ),
    "a-page": (replaced(lambda layer: Reply(200, b"<html>", {"Content-Type": "text/html"})), "has 6 bytes"),
    "missing": (
        lambda shelf, image: shelf.answers.pop(f"/v2/x/blobs/{image.layers[-1].digest}"),
        "the registry does not have layer {last}: blob unknown",
    ),
    "redirects-for-ever": (
        lambda shelf, image: shelf.replace(
            "x", image.layers[-1], lambda asked: Reply(307, b"", {"Location": asked.path})
        ),
        "stopped after 10 redirects",
    ),
    "cut-gzip": (
        offered(Image([Layer(tar_of(2), packed(tar_of(2))[:-20])])),
        "failed to register layer: [0-9a-f]{12}: unexpected EOF: the gzip stream is cut short",
    ),
    "trailing": (
        offered(Image([Layer(tar_of(2), packed(tar_of(2)) + b"what is this")])),
        "failed to register layer: [0-9a-f]{12}: the gzip stream is damaged",
    ),
    "no-tar": (offered(Image([Layer(b"no tar at all" * 100)])), "failed to register layer"),
    "half-a-tar": (offered(Image([Layer(tar_of(2)[:700])])), "failed to register layer"),
    "other-diff-id": (
        offered(Image([Layer(tar_of(2))], config={"rootfs": {"type": "layers", "diff_ids": [sha256(b"")]}})),
        "layers from manifest don't match image configuration: layer [0-9a-f]{12} unpacks to sha256:",
    ),
    "fewer-diff-ids": (
        offered(Image([Layer(tar_of(2))], config={"rootfs": {"type": "layers", "diff_ids": []}})),
        "layers from manifest don't match image configuration: 1 layers, the configuration names 0",
    ),
    "no-rootfs": (offered(Image([Layer(tar_of(2))], config={"rootfs": None})), "invalid rootfs in image configuration"),
    "windows": (
        offered(Image([Layer(tar_of(2))], config={"os": "windows"})),
        'image operating system "windows" cannot be used on this platform: operating system is not supported',
    ),
    "a-config-that-is-none": (offered(Image([Layer(tar_of(2))], config={"config": [1]})), "invalid image config"),
    "config-of-another-digest": (
        lambda shelf, image: shelf.answers.__setitem__(
            f"/v2/x/blobs/{image.id}", lambda asked: Reply(200, bytes(len(image.config_blob())))
        ),
        "error pulling image configuration: .*{id}",
    ),
    "config-missing": (
        lambda shelf, image: shelf.answers.pop(f"/v2/x/blobs/{image.id}"),
        "error pulling image configuration: blob unknown",
    ),
    "config-of-100-mb": (
        another(lambda it: it["config"].update(size=100 << 20)),
        "cannot pull .*/x:1: the image's config",
    ),
    "larger-than-said": (another(lambda it: it["layers"][-1].update(size=5)), "has [0-9]+ bytes at the registry"),
    "1000-layers": (another(lambda it: it.update(layers=it["layers"] * 500)), "cannot pull .*: max depth exceeded"),
    "a-layer-of-another-kind": (
        another(lambda it: it["layers"][0].update(mediaType="application/vnd.example")),
        "unsupported media type application/vnd.example",
    ),
    "an-artifact": (
        another(lambda it: it["config"].update(mediaType="application/vnd.oci.empty.v1+json")),
        r"Encountered remote \"application/vnd.oci.empty.v1\+json\"\(unknown\) when fetching",
    ),
    "foreign": (
        another(
            lambda it: it["layers"][0].update(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
        ),
        "is a foreign one",
    ),
    "urls": (another(lambda it: it["layers"][0].update(urls=["http://127.0.0.1:1/"])), "names URLs to be fetched from"),
    "manifest-of-100-mb": (
        answered(Reply(200, b"{}", {"Content-Type": types.OCI_MANIFEST}, length=100 << 20)),
        "has 104857600 bytes; at most 4194304 are taken",
    ),
    "manifest-without-end": (answered(Reply(raw=endless)), "has more than 4194304 bytes"),
    "manifest-of-another-digest": (
        answered(Reply(200, b"{}", {"Content-Type": types.OCI_MANIFEST, "Docker-Content-Digest": sha256(b"")})),
        "manifest verification failed for digest",
    ),
    "a-manifest-that-is-a-page": (answered(Reply(200, b"<html>", {"Content-Type": "text/html"})), "text/html"),
    "indexes-without-end": (nested, "indexes within indexes without end"),
    "an-index-that-lies": (lying_index, "the index says 7"),
    "refused": (answered(Reply(401, b"")), "unauthorized: authentication required"),
    "broken": (answered(Reply(500, b"")), "received unexpected HTTP status: 500 Internal Server Error"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_ends_with_a_sentence_and_keeps_nothing(engine: Engine, name: str) -> None:
    wrong, words = CASES[name]
    shelf = Shelf()
    image = shelf.put("x", "1", Image([Layer(tar_of(200)), Layer(tar_of(201))]))
    wrong(shelf, image)
    before = kept(engine)
    with scripted(shelf.answer) as server:
        said = pull(engine, server)
        assert re.search(words.replace("{last}", image.layers[-1].digest).replace("{id}", image.id), said), said
        assert "\n" not in said
        assert engine.api.request("GET", f"/images/{server.host}/x:1/json").status == 404
    _until(lambda: kept(engine) == before)


def test_what_is_in_memory_meanwhile_is_little(engine: Engine) -> None:
    """After all of the above (when the file is run as a whole), and a list of tags of 100 MB."""
    with scripted(lambda asked: Reply(raw=endless) if "tags" in asked.path else Reply()) as server:
        fields = urllib.parse.urlencode({"fromImage": f"{server.host}/x"})
        answer = engine.api.request("POST", f"/v1.51/images/create?{fields}")
        assert "has more than" in answer.json["message"]
    status = Path(f"/proc/{engine.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]
    assert peak < 200_000


@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_breaks_brings_every_byte(engine: Engine, tmp_path: Path, seed: int) -> None:
    """Seeded: connections are cut anywhere, the real registry is asked for the rest."""
    layers = [Layer(tar_of(300 + seed * 10 + number, 900_000)) for number in range(3)]
    with real_registry(tmp_path / "registry") as registry:
        send(registry.host, "cut/image", "1", Image(layers))
        with cutting(registry.host, seed, least=60_000, most=700_000, limit=30) as line:
            fields = urllib.parse.urlencode({"fromImage": f"{line.host}/cut/image", "tag": "1"})
            answer = engine.api.request("POST", f"/v1.51/images/create?{fields}", timeout=90)
            last = json.loads(answer.body.splitlines()[-1])
            assert last == {"status": f"Status: Downloaded newer image for {line.host}/cut/image:1"}
            assert line.cuts > 0
            body = engine.api.request("GET", f"/images/{line.host}/cut/image:1/json").json
            assert body["RootFS"]["Layers"] == [sha256(layer.tar) for layer in layers]
            engine.api.request("DELETE", f"/images/{line.host}/cut/image:1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ImageStore]:
    folder = Path("/var/tmp") / f"boxship-bomb-{os.getpid()}"
    folder.mkdir()
    snapshotter = UnpackedSnapshotter(str(folder))
    yield ImageStore(Database(tmp_path / "state.db"), ContentStore(str(folder / "blobs")), snapshotter)
    snapshotter.wait()
    import shutil

    shutil.rmtree(folder)


@pytest.mark.parametrize("form", [lambda data: gzip.compress(data, 9), zstandard.ZstdCompressor().compress])
def test_a_bomb_is_stopped_at_the_limit(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch, form: Callable[[bytes], bytes]
) -> None:
    """With a small limit: the real one is a gigabyte."""
    monkeypatch.setattr(pull_layer, "ANY_LAYER", 1 << 20)
    bomb = Layer(bytes(30 << 20), blob=form(bytes(30 << 20)))
    shelf = Shelf()
    shelf.put("x", "1", Image([bomb]))
    with scripted(shelf.answer) as server:
        registry = Registry(server.host, RegistryConfig(certificate_folders=(), patience=Patience(2, 0.01)))
        with Session(registry, lambda step: None, 3) as session, pytest.raises(BoxshipError) as caught:
            pull_image(store, session, parse(f"{server.host}/x:1"), None)
    assert "decompression bomb" in caught.value.message
    assert store.snapshotter.layers() == set()
    assert store.all() == []


def _until(holds: Callable[[], bool], patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
