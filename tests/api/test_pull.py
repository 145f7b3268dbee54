"""docker pull from a real registry, by the real docker CLI and by ours, and what one pull means for another."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zstandard

from boxship.model import manifest as types
from tests.support.api import UnixConnection
from tests.support.cli import Cli
from tests.support.engine import Engine
from tests.support.hostile import Asked, Reply, scripted
from tests.support.imagery import Image, Layer, Shelf, index, ranged, send, send_manifest, tar_of
from tests.support.registry import RealRegistry, real_registry
from tests.support.tars import file, tar


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def _own_images_go(engine: Engine) -> Iterator[None]:
    """Other tests look at all images of the shared engine."""
    yield
    for image in engine.api.request("GET", "/images/json?all=1").json:
        if all(name.startswith("127.0.0.1:") for name in (*image["RepoTags"], *image["RepoDigests"])):
            engine.api.request("DELETE", f"/images/{image['Id']}?force=1")


def pull(engine: Engine, image: str, tag: str = "", platform: str = "") -> tuple[int, list[dict[str, Any]]]:
    """By the raw API: the status and all messages."""
    fields = {"fromImage": image, **({"tag": tag} if tag else {}), **({"platform": platform} if platform else {})}
    answer = engine.api.request("POST", f"/v1.51/images/create?{urllib.parse.urlencode(fields)}")
    return answer.status, [json.loads(line) for line in answer.body.splitlines() if line]


def told(messages: list[dict[str, Any]]) -> list[str]:
    """What was said, without figures."""
    said = [f"{each.get('id', '')}: {each['status']}" for each in messages if "status" in each]
    return [text for text in said if "Downloading" not in text and "Extracting" not in text and "Waiting" not in text]


def layers_on_disk(engine: Engine) -> set[str]:
    """The names below the store's folder of layers, without what all stores have."""
    names = {path.name for path in (engine.data_root / "layers").iterdir()}
    return {name for name in names if name.startswith(".") or len(name) == 64}


def test_the_docker_cli_and_ours_say_what_docker_says(
    registry: RealRegistry, docker: Cli, boxship: Cli, engine: Engine
) -> None:
    image = Image([Layer(tar_of(1)), Layer(tar_of(2)), Layer(tar_of(1))], labels={"who": "first"})
    name = f"{registry.host}/a/first"
    digest = send(registry.host, "a/first", "latest", image)
    one, two = (layer.digest[7:19] for layer in image.layers[:2])
    for cli in (docker, boxship):
        said = cli("pull", name).succeeded().lines
        assert said[:2] == ["Using default tag: latest", "latest: Pulling from a/first"]
        assert said[-3:] == [f"Digest: {digest}", f"Status: Downloaded newer image for {name}:latest", f"{name}:latest"]
        for layer in (one, two):
            for text in ("Pulling fs layer", "Download complete", "Pull complete"):
                assert said.count(f"{layer}: {text}") == 1
        again = cli("pull", name).succeeded().lines
        assert again == [*said[:2], f"Digest: {digest}", f"Status: Image is up to date for {name}:latest", said[-1]]
        assert cli("pull", "-q", name).succeeded().lines == [f"{name}:latest"]
        body = json.loads(cli("image", "inspect", name).succeeded().text)[0]
        assert body["Id"] == image.id
        assert body["RepoTags"] == [f"{name}:latest"]
        assert body["RepoDigests"] == [f"{name}@{digest}"]
        assert body["Metadata"]["LastTagTime"].startswith("0001-01-01")
        by_digest = cli("pull", f"{name}:ignored@{digest}").succeeded().lines
        assert by_digest[-1] == f"{name}:ignored@{digest}"
        cli("rmi", name).succeeded()
        missing = cli("pull", f"{registry.host}/a/none")
        assert missing.error.endswith(
            f"manifest for {registry.host}/a/none:latest not found: manifest unknown: manifest unknown"
        )


def test_run_and_create_bring_what_is_missing(
    registry: RealRegistry, docker: Cli, boxship: Cli, name: str, client_home: Path
) -> None:
    busybox = (client_home / "bin/busybox").read_bytes()
    image = Image([Layer(tar(file("bin/busybox", busybox, mode=0o755)))])
    reference = f"{registry.host}/a/run:1"
    digest = send(registry.host, "a/run", "1", image)
    for cli in (docker, boxship):
        run = ("run", "--rm", "--name", name, "--network", "none")
        refused = cli(*run, "--pull", "never", reference, "/bin/busybox", "true")
        assert refused.code == 125
        assert f"No such image: {reference}" in refused.error
        first = cli(*run, reference, "/bin/busybox", "echo", "hello").succeeded()
        assert first.text == "hello"
        assert first.error.splitlines()[:2] == [
            f"Unable to find image '{reference}' locally",
            "1: Pulling from a/run",
        ]
        assert f"Status: Downloaded newer image for {reference}" in first.error
        quiet = cli(*run, "--pull", "always", "-q", reference, "/bin/busybox", "echo", "again").succeeded()
        assert (quiet.text, quiet.error) == ("again", "")
        cli("rmi", reference).succeeded()
        by_digest = cli(*run, "-q", f"{registry.host}/a/run@{digest}", "/bin/busybox", "echo", "so").succeeded()
        assert (by_digest.text, by_digest.error) == ("so", "")
        cli("rmi", f"{registry.host}/a/run@{digest}").succeeded()


def test_all_tags_and_all_kinds_of_layers(registry: RealRegistry, docker: Cli, engine: Engine) -> None:
    plain, packed_, zstd = tar_of(11), tar_of(12), tar_of(13)
    images = {
        "docker": Image([Layer(packed_)]),
        "oci": Image(
            [
                Layer(plain, blob=plain, media_type=types.OCI_TAR),
                Layer(packed_, media_type=types.OCI_GZIP),
                Layer(zstd, blob=zstandard.compress(zstd), media_type=types.OCI_ZSTD),
            ],
            oci=True,
        ),
        "none": Image([]),
    }
    for tag, image in images.items():
        send(registry.host, "b/many", tag, image)
    said = docker("pull", "-a", f"{registry.host}/b/many").succeeded().lines
    assert sorted(line for line in said if "Pulling from" in line) == [
        f"{tag}: Pulling from b/many" for tag in sorted(images)
    ]
    assert said[-2:] == [f"Status: Downloaded newer image for {registry.host}/b/many", f"{registry.host}/b/many"]
    for tag, image in images.items():
        assert docker("image", "inspect", "-f", "{{.Id}}", f"{registry.host}/b/many:{tag}").text == image.id
    refused = docker("pull", "-a", f"{registry.host}/b/none")
    assert refused.error.endswith(
        f"repository {registry.host}/b/none not found: name unknown: repository name not known to registry"
    )
    docker("rmi", *(f"{registry.host}/b/many:{tag}" for tag in images)).succeeded()


def test_platforms_of_an_index(registry: RealRegistry, docker: Cli, engine: Engine) -> None:
    """Which one is taken stands in the unit tests; here: the whole way, and what is said where none or another is."""
    images = {
        name: Image([Layer(tar_of(seed))], name.partition("-")[0], name.partition("-")[2])
        for seed, name in enumerate(("amd64", "arm64-v8", "arm-v7"), 20)
    }
    for name, image in images.items():
        send(registry.host, "c/multi", name, image)
    attestation = {**images["amd64"].entry(os="unknown", architecture="unknown")}
    document = index([attestation, *(image.entry() for image in images.values())])
    digest = send_manifest(registry.host, "c/multi", "latest", types.OCI_INDEX, document)
    reference = f"{registry.host}/c/multi"
    for platform, name in (("linux/amd64", "amd64"), ("linux/arm64", "arm64-v8"), ("linux/arm", "arm-v7")):
        said = docker("pull", "--platform", platform, reference).succeeded().lines
        assert f"Digest: {digest}" in said
        body = json.loads(docker("image", "inspect", reference).text)[0]
        assert body["Id"] == images[name].id
        assert body["RepoDigests"] == [f"{reference}@{digest}"]
    refused = docker("pull", "--platform", "linux/s390x", reference)
    assert refused.error == "no matching manifest for linux/s390x in the manifest list entries"
    assert docker("pull", "--platform", "nonsense", reference).error.endswith(
        '"nonsense": unknown operating system or architecture: invalid argument'
    )
    other = docker("pull", "--platform", "linux/arm64", f"{reference}:amd64").succeeded().lines
    assert other[-2] == (
        f"WARNING: image with reference {reference}:amd64 was found but its platform (linux/amd64) does not match "
        "the specified platform (linux/arm64)"
    )
    docker("rmi", "-f", *(image.id for image in images.values()))


def test_the_event_is_the_reference(registry: RealRegistry, engine: Engine) -> None:
    image = Image([Layer(tar_of(30))], labels={"colour": "red"})
    send(registry.host, "d/event", "1", image)
    since = time.time()
    assert pull(engine, f"{registry.host}/d/event", "1")[0] == 200
    filters = urllib.parse.quote(json.dumps({"event": ["pull"]}))
    answer = engine.api.request("GET", f"/events?since={since:.6f}&until={time.time():.6f}&filters={filters}")
    (event,) = [json.loads(line) for line in answer.body.splitlines()]
    assert event["Actor"]["ID"] == f"{registry.host}/d/event:1"
    assert event["Actor"]["Attributes"] == {"name": f"{registry.host}/d/event", "colour": "red"}


@pytest.mark.parametrize(
    ("name", "tag", "status", "words"),
    [
        ("scratch", "latest", 403, "'scratch' is a reserved name"),
        ("{host}/x", "-bad", 400, "invalid tag format"),
        ("{host}/x", "latest@sha256:" + "0" * 64, 400, "invalid tag format"),
        ("{host}/x@sha256:abc", "", 400, "invalid reference format"),
        ("{host}//x", "", 400, "invalid reference format"),
        ("a" * 64, "1", 400, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
        ("{host}/x", "1", 404, "manifest for {host}/x:1 not found: manifest unknown: manifest unknown"),
        (
            "{host}/x",
            "sha256:" + "0" * 64,
            404,
            "manifest for {host}/x@sha256:" + "0" * 64 + " not found: manifest unknown: manifest unknown",
        ),
        ("127.0.0.1:1/x", "1", 500, 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'),
    ],
)
def test_what_fails_at_once_is_told_by_the_status(
    registry: RealRegistry, engine: Engine, name: str, tag: str, status: int, words: str
) -> None:
    got, messages = pull(engine, name.format(host=registry.host), tag)
    assert (got, messages) == (status, [{"message": words.format(host=registry.host)}])


def test_layers_that_are_here_are_not_fetched(engine: Engine) -> None:
    shelf = Shelf()
    base = Layer(tar_of(40))
    shelf.put("e/one", "1", Image([base]))
    shelf.put("e/two", "1", Image([base, Layer(tar_of(41))]))
    with scripted(shelf.answer) as server:
        pull(engine, f"{server.host}/e/one", "1")
        _, messages = pull(engine, f"{server.host}/e/two", "1")
        assert f"{base.digest[7:19]}: Already exists" in told(messages)
        assert [asked.path for asked in server.asked if base.digest in asked.path] == [f"/v2/e/one/blobs/{base.digest}"]
        assert told(pull(engine, f"{server.host}/e/two", "1")[1])[0] == "1: Pulling from e/two"


class Gate:
    """A blob whose second half comes when it is let."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.open = threading.Event()
        self.reached = threading.Event()
        self.times = 0

    def __call__(self, asked: Asked) -> Reply:
        self.times += 1
        half = len(self.data) // 2
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.data)}\r\n\r\n".encode()

        def raw(connection: Any) -> None:
            connection.sendall(head + self.data[:half])
            self.reached.set()
            self.open.wait(60)
            connection.sendall(self.data[half:])

        return Reply(raw=raw)


def test_two_pulls_fetch_one_layer_once_and_both_see_it_come(engine: Engine) -> None:
    """Also of two images."""
    shelf = Shelf()
    shared = Layer(tar_of(50, 300_000))
    shelf.put("f/one", "1", Image([shared]))
    mark = Layer(tar_of(51))
    shelf.put("f/two", "1", Image([shared, mark]))
    gate = Gate(shared.blob)
    for repository in ("f/one", "f/two"):
        shelf.replace(repository, shared, gate)
    with scripted(shelf.answer) as server, ThreadPoolExecutor() as pool:
        first = pool.submit(pull, engine, f"{server.host}/f/one", "1")
        assert gate.reached.wait(60)
        second = pool.submit(pull, engine, f"{server.host}/f/two", "1")
        _until(lambda: any(mark.digest in asked.path for asked in server.asked))  # it has joined before that
        gate.open.set()
        for done in (first, second):
            status, messages = done.result(timeout=60)
            assert status == 200
            assert "error" not in messages[-1], messages
            assert f"{shared.digest[7:19]}: Pull complete" in told(messages)
            assert any(each.get("status") == "Downloading" and each["id"] == shared.digest[7:19] for each in messages)
        assert gate.times == 1


def test_who_goes_away_takes_nothing_from_who_stays(engine: Engine) -> None:
    shelf = Shelf()
    shared, mark = Layer(tar_of(60, 300_000)), Layer(tar_of(61))
    shelf.put("g/one", "1", Image([shared]))
    shelf.put("g/two", "1", Image([shared, mark]))
    gate = Gate(shared.blob)
    for repository in ("g/one", "g/two"):
        shelf.replace(repository, shared, gate)
    with scripted(shelf.answer) as server, ThreadPoolExecutor() as pool:
        leaving = _begun(engine, f"{server.host}/g/one")
        assert gate.reached.wait(60)
        staying = pool.submit(pull, engine, f"{server.host}/g/two", "1")
        _until(lambda: any(mark.digest in asked.path for asked in server.asked))
        leaving.close()
        gate.open.set()
        status, messages = staying.result(timeout=60)
        assert (status, "error" in messages[-1]) == (200, False), messages
        assert gate.times == 1
    assert engine.api.request("GET", f"/images/{server.host}/g/one:1/json").status == 404


def test_a_client_that_goes_away_ends_its_pull(fresh_engine: Engine) -> None:
    engine = fresh_engine
    before = layers_on_disk(engine)
    shelf = Shelf()
    layers = [Layer(tar_of(70 + number, 300_000)) for number in range(4)]
    shelf.put("h/x", "1", Image(layers))
    gates = [Gate(layer.blob) for layer in layers]
    for layer, gate in zip(layers, gates, strict=True):
        shelf.replace("h/x", layer, gate)
    with scripted(shelf.answer) as server:
        gates[0].open.set()
        client = _begun(engine, f"{server.host}/h/x")
        assert gates[1].reached.wait(60)
        client.close()
        _until(lambda: layers_on_disk(engine) == before)
        assert engine.api.request("GET", f"/images/{server.host}/h/x:1/json").status == 404
        for gate in gates:
            gate.open.set()
        # It can be asked for again at once.
        status, messages = pull(engine, f"{server.host}/h/x", "1")
        assert (status, "error" in messages[-1]) == (200, False), messages


def test_the_other_one_s_failure_is_not_ours(engine: Engine) -> None:
    """A joined transfer that fails is made again with our own eyes: its starter may have been refused."""
    shelf = Shelf()
    shared, mark = Layer(tar_of(80, 300_000)), Layer(tar_of(81))
    shelf.put("i/refused", "1", Image([shared]))
    shelf.put("i/allowed", "1", Image([shared, mark]))
    opened, reached = threading.Event(), threading.Event()

    def refuse(asked: Asked) -> Reply:
        reached.set()
        opened.wait(60)
        return Reply(403, b'{"errors":[{"code":"DENIED","message":"not you"}]}')

    shelf.replace("i/refused", shared, refuse)
    shelf.replace("i/allowed", shared, ranged(shared.blob))
    with scripted(shelf.answer) as server, ThreadPoolExecutor() as pool:
        first = pool.submit(pull, engine, f"{server.host}/i/refused", "1")
        assert reached.wait(60)
        second = pool.submit(pull, engine, f"{server.host}/i/allowed", "1")
        _until(lambda: any(mark.digest in asked.path for asked in server.asked))
        opened.set()
        assert "not you" in first.result(timeout=60)[1][-1]["error"]
        assert "error" not in second.result(timeout=60)[1][-1]


def test_at_most_three_layers_at_once(engine: Engine) -> None:
    shelf = Shelf()
    layers = [Layer(tar_of(90 + number)) for number in range(7)]
    shelf.put("j/x", "1", Image(layers))
    lock, now, most = threading.Lock(), 0, 0

    def counted(data: bytes) -> Any:
        def answer(asked: Asked) -> Reply:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.1)
            with lock:
                now -= 1
            return Reply(200, data)

        return answer

    for layer in layers:
        shelf.replace("j/x", layer, counted(layer.blob))
    with scripted(shelf.answer) as server:
        _, messages = pull(engine, f"{server.host}/j/x", "1")
    assert most == 3
    waiting = [each["id"] for each in messages if each.get("status") == "Waiting"]
    assert waiting == [layer.digest[7:19] for layer in layers[3:]]


def test_a_removal_at_the_same_moment_takes_nothing(engine: Engine) -> None:
    """The layer that is here already is the pull's as soon as it has said so."""
    shelf = Shelf()
    here, coming = Layer(tar_of(100)), Layer(tar_of(101, 300_000))
    shelf.put("k/old", "1", Image([here]))
    shelf.put("k/new", "1", Image([here, coming]))
    gate = Gate(coming.blob)
    shelf.replace("k/new", coming, gate)
    with scripted(shelf.answer) as server, ThreadPoolExecutor() as pool:
        pull(engine, f"{server.host}/k/old", "1")
        done = pool.submit(pull, engine, f"{server.host}/k/new", "1")
        assert gate.reached.wait(60)
        assert engine.api.request("DELETE", f"/images/{server.host}/k/old:1").status == 200
        gate.open.set()
        assert "error" not in done.result(timeout=60)[1][-1]
        body = engine.api.request("GET", f"/images/{server.host}/k/new:1/json").json
        assert body["RootFS"]["Layers"] == [f"sha256:{hashlib.sha256(each.tar).hexdigest()}" for each in (here, coming)]


def _begun(engine: Engine, name: str) -> UnixConnection:
    """A pull whose client can hang up."""
    connection = UnixConnection(engine.socket_path)
    connection.request("POST", f"/v1.51/images/create?fromImage={name}&tag=1")
    return connection


def _until(holds: Any, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_daemon_ends_and_is_killed_while_it_pulls(fresh_engine: Engine) -> None:
    engine = fresh_engine
    shelf = Shelf()
    layer = Layer(tar_of(110, 300_000))
    shelf.put("l/x", "1", Image([Layer(tar_of(111)), layer]))
    before = layers_on_disk(engine)
    for end in (engine.terminate, engine.kill):
        gate = Gate(layer.blob)
        shelf.replace("l/x", layer, gate)
        with scripted(shelf.answer) as server:
            client = _begun(engine, f"{server.host}/l/x")
            assert gate.reached.wait(60)
            end()
            client.close()
            gate.open.set()
            engine.start()
            _until(lambda: layers_on_disk(engine) == before)
            assert engine.api.request("GET", f"/images/{server.host}/l/x:1/json").status == 404
