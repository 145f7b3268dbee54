"""What the daemon is told of registries: certificates, mirrors of any registry, and no library before the first one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.app.config import UsageError, parse_arguments
from boxship.registry.config import HostSettings
from tests.support.engine import Engine
from tests.support.registry import RealRegistry, real_registry, server_pair

LIBRARIES = ("/_ssl.", "libssl")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealRegistry, Path]]:
    """A registry with a certificate of a private authority, and that authority's."""
    folder = tmp_path_factory.mktemp("secured")
    authority, pair = server_pair(folder / "ca")
    with real_registry(folder / "registry", tls=pair) as registry:
        yield registry, authority.ca


def loaded(engine: Engine) -> list[str]:
    """Which of LIBRARIES the daemon has mapped."""
    maps = Path(f"/proc/{engine.pid}/maps").read_text()
    return [name for name in LIBRARIES if name in maps]


def test_a_daemon_with_a_configuration(
    secured: tuple[RealRegistry, Path], image_archive: bytes, tmp_path: Path
) -> None:
    """Push by TLS; then, under the name of a registry that nobody runs, pull from there as its mirror."""
    registry, authority = secured
    file = tmp_path / "config.toml"
    file.write_text(
        f'[registry."{registry.host}"]\nca = "{authority}"\n'
        f'[registry."127.0.0.1:1"]\nmirrors = ["https://{registry.host}"]\n'
    )
    engine = Engine("--config", str(file))
    try:
        engine.start()
        engine.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        assert loaded(engine) == []
        name = f"{registry.host}/by/tls"
        engine.api.request("POST", f"/v1.51/images/bx/base:1/tag?repo={name}&tag=a")
        pushed = engine.api.request("POST", f"/v1.51/images/{name}/push?tag=a").body
        assert b'"aux"' in pushed, pushed
        assert loaded(engine)
        pulled = engine.api.request("POST", "/v1.51/images/create?fromImage=127.0.0.1:1/by/tls&tag=a")
        assert pulled.status == 200, pulled.body
        image = engine.api.request("GET", "/v1.51/images/127.0.0.1:1/by/tls:a/json").json
        digest = json.loads(pushed.splitlines()[-1])["aux"]["Digest"]
        assert f"127.0.0.1:1/by/tls@{digest}" in image["RepoDigests"]
    finally:
        engine.close()


def test_the_file_and_the_options(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'insecure-registries = ["10.0.0.0/8"]\nregistry-mirrors = ["https://mirror.invalid/"]\nno-proxy = "inner"\n'
        '[registry."a:1"]\nplain-http = true\nrealms = ["https://t.invalid"]\n'
    )
    config = parse_arguments(["--config", str(file), "--https-proxy", "http://p:1"])
    assert config is not None
    told = config.for_engine().registry
    assert told.hosts == {"a:1": HostSettings(plain_http=True, realms=("https://t.invalid",))}
    assert (told.hub_mirrors, told.insecure) == (("https://mirror.invalid",), ("10.0.0.0/8",))
    assert told.proxies.choose("https", "outer.invalid", 443) == "http://p:1"
    assert told.proxies.choose("https", "inner", 443) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[registry."a"]\nmirror = []\n', r'registry\."a": mirror: unknown key'),
        ('[registry."a"]\ninsecure = "yes"\n', r'registry\."a": insecure: not of its type'),
        ('[registry."a"]\ncert = "/a"\n', r'registry\."a": cert and key go together'),
        ('registry = "a"\n', "registry: not a table"),
        ('registry-mirrors = ["ftp://x"]\n', "invalid mirror: unsupported scheme"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        parse_arguments(["--config", str(file)])
