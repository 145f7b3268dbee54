"""Images go to real registries by the docker CLI: what they get is what was built, and nothing twice."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from boxship.model.digest import sha256
from boxship.model.platform import host
from boxship.registry.client import Registry
from boxship.registry.config import RegistryConfig
from tests.support.cli import Cli
from tests.support.engine import Engine
from tests.support.hostile import Reply, cutting, scripted
from tests.support.registry import PASSWORD, USER, RealRegistry, TokenServer, real_registry
from tests.support.tars import file, tar

CONFIG = RegistryConfig(certificate_folders=())
Tag = Callable[[str, str], None]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("plain")) as registry:
        yield registry


@pytest.fixture
def tag(engine: Engine, docker: Cli) -> Iterator[Tag]:
    """Gives images names that are gone after the test."""
    given: list[str] = []

    def give(image: str, name: str) -> None:
        docker("tag", image, name).succeeded()
        given.append(name)

    yield give
    repositories = {name.rpartition(":")[0] for name in given}
    for image in engine.api.request("GET", "/v1.51/images/json?all=1").json:
        for name in (*image["RepoTags"], *image["RepoDigests"]):
            if name.rpartition("@" if "@" in name else ":")[0] in repositories:
                engine.api.request("DELETE", f"/v1.51/images/{name}")


def pushed(engine: Engine, name: str, query: str = "", *, user: str = "", password: str = "") -> list[dict[str, Any]]:
    """The messages of a push by the API."""
    document = json.dumps({"username": user, "password": password}).encode()
    headers = {"X-Registry-Auth": base64.urlsafe_b64encode(document).decode()} if user else {}
    answer = engine.api.request("POST", f"/v1.51/images/{name}/push{query}", headers=headers)
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines() if line]


def test_the_registry_has_the_image(engine: Engine, docker: Cli, tag: Tag, plain: RealRegistry) -> None:
    """Config and layers byte for byte, a manifest of Docker's form, its digest told, kept and in an event."""
    name = f"{plain.host}/push/one:a"
    tag("bx/rich:1", name)
    done = docker("push", name).succeeded()
    described = json.loads(docker("image", "inspect", name).text)[0]
    with Registry(plain.host, CONFIG) as registry:
        repository = registry.repository("push/one")
        manifest = repository.manifest("a")
        value = json.loads(manifest.data)
        assert manifest.media_type == "application/vnd.docker.distribution.manifest.v2+json"
        config = repository.read_blob(value["config"]["digest"], value["config"]["size"])
        assert "sha256:" + hashlib.sha256(config).hexdigest() == described["Id"]
        for layer, diff_id in zip(value["layers"], described["RootFS"]["Layers"], strict=True):
            blob = repository.read_blob(layer["digest"], layer["size"])
            assert "sha256:" + hashlib.sha256(gzip.decompress(blob)).hexdigest() == diff_id
    assert f"a: digest: {manifest.digest} size: {len(manifest.data)}" in done.text
    assert f"{plain.host}/push/one@{manifest.digest}" in described["RepoDigests"]
    assert docker("push", "-q", name).text == name


def test_what_is_there_is_not_sent(engine: Engine, docker: Cli, tag: Tag, plain: RealRegistry) -> None:
    """Again: nothing. To another repository of the host: mounted. Never heard of, but there: found by its digest."""
    first, second = f"{plain.host}/push/first", f"{plain.host}/push/second"
    for name in (first, second):
        tag("bx/rich:1", f"{name}:a")
    pushed(engine, first, "?tag=a")
    before = len(plain.access_log())
    again = pushed(engine, first, "?tag=a")
    assert [line["status"] for line in again if "id" in line] == ["Preparing"] * 2 + ["Layer already exists"] * 2
    assert not [line for line in plain.access_log()[before:] if line.startswith(("POST", "PATCH"))]
    mounted = pushed(engine, second, "?tag=a")
    assert [line["status"] for line in mounted if "id" in line][2:] == ["Mounted from push/first"] * 2
    assert mounted[-1]["aux"] == again[-1]["aux"]


def test_all_tags(engine: Engine, docker: Cli, tag: Tag, plain: RealRegistry) -> None:
    name = f"{plain.host}/push/all"
    for letter in ("b", "a"):
        tag("bx/base:1", f"{name}:{letter}")
    lines = pushed(engine, name)
    assert [line["aux"]["Tag"] for line in lines if "aux" in line] == ["a", "b"]
    assert "a: digest: sha256:" in docker("push", "--all-tags", name).succeeded().text


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        ("HOST/push/none", "?tag=a", "An image does not exist locally with the tag: HOST/push/none"),
        ("HOST/push/none", "", "An image does not exist locally with the tag: HOST/push/none"),
        (f"HOST/push/none@sha256:{'1' * 64}", "", "An image does not exist locally with the tag: HOST/push/none"),
    ],
)
def test_what_is_not_there(engine: Engine, plain: RealRegistry, name: str, query: str, message: str) -> None:
    lines = pushed(engine, name.replace("HOST", plain.host), query)
    assert lines[-1]["error"] == lines[-1]["errorDetail"]["message"] == message.replace("HOST", plain.host)


def test_what_the_repository_does_not_have(engine: Engine, tag: Tag, plain: RealRegistry) -> None:
    """There are other tags of it."""
    name = f"{plain.host}/push/some"
    tag("bx/base:1", f"{name}:a")
    assert pushed(engine, name, "?tag=b")[-1]["error"] == f"tag does not exist: {name}:b"
    assert pushed(engine, f"{name}@sha256:{'1' * 64}")[-1]["error"] == "cannot push a digest reference"


def test_nobody_answers(engine: Engine, docker: Cli, tag: Tag) -> None:
    tag("bx/base:1", "127.0.0.1:1/push/x:a")
    error = 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'
    assert pushed(engine, "127.0.0.1:1/push/x", "?tag=a")[-1]["error"] == error


def test_a_password(engine: Engine, docker: Cli, tag: Tag, tmp_path: Path) -> None:
    with real_registry(tmp_path, htpasswd=True) as real:
        name = f"{real.host}/push/secret"
        tag("bx/base:1", f"{name}:a")
        assert pushed(engine, name, "?tag=a")[-1]["error"] == "no basic auth credentials"
        wrong = pushed(engine, name, "?tag=a", user=USER, password="wrong")
        assert wrong[-1]["error"] == "unauthorized: authentication required"
        assert "aux" in pushed(engine, name, "?tag=a", user=USER, password=PASSWORD)[-1]


def test_tokens(engine: Engine, docker: Cli, tag: Tag, tmp_path: Path) -> None:
    """Nobody may not push; Alice may, and may mount what lies elsewhere."""
    tokens = TokenServer(tmp_path / "tokens")
    with tokens.serving(), real_registry(tmp_path / "registry", tokens=tokens) as real:
        name = f"{real.host}/push/token"
        tag("bx/base:1", f"{name}:a")
        tag("bx/base:1", f"{name}2:a")
        refused = pushed(engine, name, "?tag=a")[-1]["error"]
        assert refused == "denied: requested access to the resource is denied"
        assert "aux" in pushed(engine, name, "?tag=a", user=USER, password=PASSWORD)[-1]
        mounted = pushed(engine, f"{name}2", "?tag=a", user=USER, password=PASSWORD)
        assert "Mounted from push/token" in [line.get("status") for line in mounted]


def test_a_line_that_breaks(engine: Engine, tag: Tag, plain: RealRegistry) -> None:
    """Cut at random places of what is sent, and of what is answered: what arrives is what was sent."""
    for number, uploads in enumerate((True, False)):
        least, most = (20_000, 600_000) if uploads else (300, 1_500)
        with cutting(plain.host, 5, least=least, most=most, limit=2, uploads=uploads) as line:
            name = f"{line.host}/push/cut{number}"
            tag("bx/rich:1", f"{name}:a")
            told = pushed(engine, name, "?tag=a")
            assert "aux" in told[-1], told
        assert line.cuts >= 1
        with Registry(plain.host, CONFIG) as registry:
            repository = registry.repository(f"push/cut{number}")
            value = json.loads(repository.manifest("a").data)
            diff_ids = json.loads(repository.read_blob(value["config"]["digest"], value["config"]["size"]))
            for layer, diff_id in zip(value["layers"], diff_ids["rootfs"]["diff_ids"], strict=True):
                blob = repository.read_blob(layer["digest"], layer["size"])
                assert "sha256:" + hashlib.sha256(gzip.decompress(blob)).hexdigest() == diff_id


def test_a_client_that_hangs_up_ends_its_push(engine: Engine, tag: Tag) -> None:
    """The registry's side of the connection closes; the engine works on."""
    asked, gone = threading.Event(), threading.Event()

    def silent(sock: socket.socket) -> None:
        asked.set()
        # Until the engine closes its end.
        while sock.recv(65536):
            pass
        gone.set()

    with scripted(lambda asked: Reply() if asked.path == "/v2/" else Reply(raw=silent)) as slow:
        name = f"{slow.host}/push/slow"
        tag("bx/base:1", f"{name}:a")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(engine.socket_path)
            client.sendall(f"POST /v1.51/images/{name}/push?tag=a HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
            assert asked.wait(30)
        assert gone.wait(30)
    assert engine.api.request("GET", "/_ping").status == 200


def test_what_was_pulled_goes_out_as_it_came(engine: Engine, tag: Tag, plain: RealRegistry) -> None:
    """An image of OCI with a layer in zstd: its blobs are taken over from the repository it came from."""
    layer = tar(file("hello", b"world\n"))
    config = json.dumps(
        {"architecture": host().architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]}}
    ).encode()
    blob = zstandard.compress(layer)
    kind = "application/vnd.oci.image."
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{kind}manifest.v1+json",
            "config": {"mediaType": f"{kind}config.v1+json", "digest": sha256(config), "size": len(config)},
            "layers": [{"mediaType": f"{kind}layer.v1.tar+zstd", "digest": sha256(blob), "size": len(blob)}],
        }
    ).encode()
    with Registry(plain.host, CONFIG) as registry:
        repository = registry.repository("push/zstd")
        for data in (config, blob):
            repository.upload_blob(sha256(data), len(data), lambda data=data: data)  # type: ignore[misc]
        repository.put_manifest("a", f"{kind}manifest.v1+json", manifest)
        pulled = engine.api.request("POST", f"/v1.51/images/create?fromImage={plain.host}/push/zstd&tag=a")
        assert b"errorDetail" not in pulled.body, pulled.body
        tag(f"{plain.host}/push/zstd:a", f"{plain.host}/push/other:a")
        told = pushed(engine, f"{plain.host}/push/other", "?tag=a")
        assert "Mounted from push/zstd" in [line.get("status") for line in told]
        again = registry.repository("push/other").manifest("a")
        assert again.media_type == f"{kind}manifest.v1+json"
        assert json.loads(again.data)["layers"] == json.loads(manifest)["layers"]
    tag(f"{plain.host}/push/other:a", f"{plain.host}/push/zstd:a")
