"""Login, a look at a registry and search by the API, against real registries; answers as Docker 28.5 gives them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from boxship.model.digest import sha256
from boxship.registry.client import Registry
from boxship.registry.config import RegistryConfig
from boxship.registry.credentials import Credentials
from tests.support.engine import Engine
from tests.support.hostile import Asked, Reply, scripted
from tests.support.registry import PASSWORD, USER, RealRegistry, TokenServer, real_registry

CONFIG = RegistryConfig(certificate_folders=())
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("secured"), htpasswd=True) as registry:
        yield registry


def auth(engine: Engine, host: str, **fields: str) -> tuple[int, Any]:
    answer = engine.api.request("POST", "/v1.51/auth", {"serveraddress": host, **fields})
    return answer.status, answer.json


def header(**fields: str) -> dict[str, str]:
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()}


def test_login_by_password(engine: Engine, secured: RealRegistry) -> None:
    url = f"http://{secured.host}/v2/"
    good = {"IdentityToken": "", "Status": "Login Succeeded"}
    for address in (secured.host, f"http://{secured.host}", f"http://{secured.host}/v1/"):
        assert auth(engine, address, username=USER, password=PASSWORD) == (200, good)
    wrong = {"message": f"login attempt to {url} failed with status: 401 Unauthorized"}
    assert auth(engine, secured.host, username=USER, password="wrong") == (500, wrong)
    assert auth(engine, secured.host) == (500, {"message": f'Get "{url}": no basic auth credentials'})


def test_login_by_token(engine: Engine, tmp_path: Path) -> None:
    tokens = TokenServer(tmp_path / "tokens")
    with tokens.serving(), real_registry(tmp_path / "registry", tokens=tokens) as real:
        given = {"IdentityToken": "identity", "Status": "Login Succeeded"}
        assert auth(engine, real.host, username=USER, password=PASSWORD) == (200, given)
        status, said = auth(engine, real.host, username=USER, password="wrong")
        url = f"http://{real.host}/v2/"
        assert (status, said["message"]) == (401, f'Get "{url}": unauthorized: incorrect username or password')
        status, said = auth(engine, real.host, identitytoken="bad")
        assert (status, said["message"]) == (401, f'Get "{url}": unauthorized: the refresh token is not known')


@pytest.mark.parametrize(
    ("host", "status", "message"),
    [
        ("127.0.0.1:1", 500, 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'),
        ("bad host", 400, 'unable to parse server address: "https://bad host" names no host'),
    ],
)
def test_login_nowhere(engine: Engine, host: str, status: int, message: str) -> None:
    assert auth(engine, host, username="u", password="p") == (status, {"message": message})


def test_a_look_at_an_image(engine: Engine, secured: RealRegistry) -> None:
    """Of one platform, and of several."""
    alice = header(username=USER, password=PASSWORD)
    with Registry(secured.host, CONFIG, Credentials(USER, PASSWORD)) as registry:
        repository = registry.repository("look/at")
        manifests = []
        for architecture in ("amd64", "arm64"):
            config = json.dumps({"architecture": architecture, "os": "linux", "rootfs": {}}).encode()
            repository.upload_blob(sha256(config), len(config), lambda config=config: config)  # type: ignore[misc]
            described = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config)}
            value = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {**described, "digest": sha256(config)}}
            data = json.dumps({**value, "layers": []}).encode()
            digest = repository.put_manifest(architecture, MANIFEST, data)
            platform = {"architecture": architecture, "os": "linux"}
            manifests.append({"mediaType": MANIFEST, "digest": digest, "size": len(data), "platform": platform})
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()
        repository.put_manifest("latest", INDEX, index)
    one = engine.api.request("GET", f"/v1.51/distribution/{secured.host}/look/at:arm64/json", headers=alice)
    assert one.status == 200
    descriptor = {key: manifests[1][key] for key in ("mediaType", "digest", "size")}
    assert one.json == {"Descriptor": descriptor, "Platforms": [{"architecture": "arm64", "os": "linux"}]}
    several = engine.api.request("GET", f"/v1.51/distribution/{secured.host}/look/at/json", headers=alice)
    assert several.json["Descriptor"] == {"mediaType": INDEX, "digest": sha256(index), "size": len(index)}
    assert [platform["architecture"] for platform in several.json["Platforms"]] == ["amd64", "arm64"]
    missing = engine.api.request("GET", f"/v1.51/distribution/{secured.host}/look/at:none/json", headers=alice)
    assert (missing.status, missing.json) == (404, {"message": "manifest unknown: manifest unknown"})
    nobody = engine.api.request("GET", f"/v1.51/distribution/{secured.host}/look/at:arm64/json")
    url = f"http://{secured.host}/v2/look/at/manifests/arm64"
    assert (nobody.status, nobody.json["message"]) == (500, f'Head "{url}": no basic auth credentials')
    wrong = header(username=USER, password="wrong")
    refused = engine.api.request("GET", f"/v1.51/distribution/{secured.host}/look/at/json", headers=wrong)
    assert (refused.status, refused.json["message"]) == (401, "unauthorized: authentication required")


def test_search(engine: Engine) -> None:
    found = [
        {"name": "one", "description": "first", "star_count": 5, "is_official": True, "is_automated": False},
        {"name": "two", "star_count": 1},
    ]

    def behave(asked: Asked) -> Reply:
        if asked.path.startswith("/v1/search"):
            return Reply(body=json.dumps({"num_results": 2, "results": found}).encode())
        return Reply(404)

    def ask(query: str) -> tuple[int, Any]:
        answer = engine.api.request("GET", f"/v1.51/images/search?{query}")
        return answer.status, answer.json

    with scripted(behave) as index:
        two = {"star_count": 1, "is_official": False, "name": "two", "is_automated": False, "description": ""}
        assert ask(f"term={index.host}/x%2Fy&limit=7") == (200, [found[0], two])
        assert index.asked[-1].path == "/v1/search?q=x%2Fy&n=7"
        filters = "filters=%7B%22is-official%22%3A%5B%22true%22%5D%7D"
        assert [entry["name"] for entry in ask(f"term={index.host}/x&{filters}")[1]] == ["one"]
    with scripted(lambda asked: Reply(404)) as none:
        assert ask(f"term={none.host}/x") == (500, {"message": "Unexpected status code 404"})
    assert ask("term=x&limit=200") == (400, {"message": "limit 200 is outside the range of [1, 100]"})
    assert ask("term=x&filters=%7B%22foo%22%3A%5B%22x%22%5D%7D") == (400, {"message": "invalid filter 'foo'"})
