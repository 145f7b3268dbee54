"""The ways to a registry, by the real docker CLI: passwords, tokens, TLS of a private authority, mirrors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.cli import Cli, docker_cli
from tests.support.engine import Engine
from tests.support.imagery import Image, Layer, send, tar_of
from tests.support.registry import PASSWORD, USER, RealRegistry, TokenServer, real_registry, server_pair

IMAGE = Image([Layer(tar_of(400)), Layer(tar_of(401))], labels={"way": "any"})
NOWHERE = "127.0.0.1:1"


class Ways:
    """One image behind several doors, and an engine that is configured for them."""

    def __init__(self, stack: ExitStack, folder: Path, home: Path) -> None:
        with real_registry(folder) as plain:
            self.digest = send(plain.host, "way/image", "1", IMAGE)
            send(plain.host, "library/way", "1", IMAGE)
        (folder / "plain").mkdir()
        self.tokens = stack.enter_context(TokenServer(folder / "tokens", anonymous=()).serving())
        authority, pair = server_pair(folder / "ca")

        def door(name: str, **how: object) -> RealRegistry:
            own = folder / name
            own.mkdir(exist_ok=True)
            (own / "store").symlink_to(folder / "store")
            return stack.enter_context(real_registry(own, **how))  # type: ignore[arg-type]

        self.plain = door("plain")
        self.password = door("password", htpasswd=True)
        self.token = door("token", tokens=self.tokens)
        self.tls = door("tls", tls=pair, client_ca=authority.ca)
        client = authority.client()
        config = folder / "config.toml"
        config.write_text(
            f'registry-mirrors = ["http://{self.plain.host}"]\n'
            f'[registry."{self.tls.host}"]\nca = "{authority.ca}"\ncert = "{client.cert}"\nkey = "{client.key}"\n'
            f'[registry."{NOWHERE}"]\nmirrors = ["{NOWHERE}", "http://{self.plain.host}"]\n'
        )
        self.engine = Engine("--config", str(config)).start()
        stack.callback(self.engine.close)
        self.docker = docker_cli(home, self.engine.host, folder / "docker")


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory, client_home: Path) -> Iterator[Ways]:
    with ExitStack() as stack:
        yield Ways(stack, tmp_path_factory.mktemp("ways"), client_home)


def holds(docker: Cli, repository: str, digest: str) -> None:
    """The image came whole, under its name; then it goes."""
    body = json.loads(docker("image", "inspect", f"{repository}:1").succeeded().text)[0]
    assert (body["Id"], body["RepoDigests"]) == (IMAGE.id, [f"{repository}@{digest}"])
    docker("rmi", f"{repository}:1").succeeded()


def test_a_password(ways: Ways) -> None:
    name = f"{ways.password.host}/way/image"
    refused = ways.docker("pull", f"{name}:1")
    assert refused.error.endswith("no basic auth credentials")
    ways.docker("login", "-u", USER, "--password-stdin", ways.password.host, stdin=PASSWORD.encode()).succeeded()
    ways.docker("pull", "-q", f"{name}:1").succeeded()
    holds(ways.docker, name, ways.digest)
    ways.docker("logout", ways.password.host).succeeded()
    assert ways.docker("pull", f"{name}:1").code == 1


def test_tokens(ways: Ways) -> None:
    name = f"{ways.token.host}/way/image"
    refused = ways.docker("pull", f"{name}:1")
    assert refused.error.endswith(
        f"pull access denied for {name}, repository does not exist or may require 'docker login': "
        "denied: requested access to the resource is denied"
    )
    ways.docker("login", "-u", USER, "--password-stdin", ways.token.host, stdin=PASSWORD.encode()).succeeded()
    ways.docker("pull", "-q", f"{name}:1").succeeded()
    holds(ways.docker, name, ways.digest)
    assert any("repository:way/image:pull" in fields.get("scope", []) for _, fields, _ in ways.tokens.asked)
    ways.docker("logout", ways.token.host).succeeded()


def test_tls_of_a_private_authority(ways: Ways) -> None:
    """It wants a certificate of ours, too."""
    name = f"{ways.tls.host}/way/image"
    ways.docker("pull", "-q", f"{name}:1").succeeded()
    holds(ways.docker, name, ways.digest)


def test_a_mirror_of_any_registry(ways: Ways) -> None:
    """The registry itself answers nothing; the image bears its name all the same."""
    name = f"{NOWHERE}/way/image"
    ways.docker("pull", "-q", f"{name}:1").succeeded()
    holds(ways.docker, name, ways.digest)


def test_a_mirror_of_docker_hub(ways: Ways) -> None:
    said = ways.docker("pull", "way:1").succeeded().lines
    assert said[0] == "1: Pulling from library/way"
    assert said[-1] == "docker.io/library/way:1"
    holds(ways.docker, "way", ways.digest)
