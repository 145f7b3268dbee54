"""Where the engine is looked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from boxship.client.host import DEFAULT_SOCKET, TlsFiles, find, parse
from boxship.lib.errors import InvalidParameter


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BOXSHIP_HOST", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def _context(folder: Path, name: str, url: str) -> None:
    place = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": url}}}))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("unix:///a/b.sock", "/a/b.sock"),
        ("/a/b.sock", "/a/b.sock"),
        ("unix://", DEFAULT_SOCKET),
        ("tcp://h:1234", ("h", 1234)),
        ("tcp://h", ("h", 2375)),
        ("h:1", ("h", 1)),
        (":1", ("127.0.0.1", 1)),
        ("tcp://[::1]:5", ("::1", 5)),
        ("tcp://[::1]", ("::1", 2375)),
    ],
)
def test_parse(url: str, address: object) -> None:
    assert parse(url).address == address


def test_tls() -> None:
    """Over TCP only, and by a port of its own."""
    files = TlsFiles("ca", "cert", "key", verify=True)
    assert parse("tcp://h", files).address == ("h", 2376)
    assert parse("h:1", files).address == ("h", 1)
    assert find("tcp://h", {}, None, files).tls is files
    assert parse("tcp://h").tls is None
    assert parse("unix:///s", files).tls is None


def test_a_prefix() -> None:
    assert parse("tcp://h:1/docker/").prefix == "/docker"


@pytest.mark.parametrize("url", ["ssh://x", "npipe:////./pipe/x", "tcp://h:x", "tcp://h:99999"])
def test_refused(url: str) -> None:
    with pytest.raises(InvalidParameter):
        parse(url)


def test_the_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _context(tmp_path, "far", "unix:///far")
    _context(tmp_path, "near", "unix:///near")
    config = {"currentContext": "near"}
    assert find(None, {}).default
    assert find(None, config).address == "/near"
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert find(None, config).address == "/far"
    monkeypatch.setenv("DOCKER_HOST", "unix:///docker")
    assert find(None, config).address == "/docker"
    monkeypatch.setenv("BOXSHIP_HOST", "unix:///boxship")
    assert find(None, config).address == "/boxship"
    assert find(None, config, "near").address == "/near"
    assert find("unix:///asked", config, "near").address == "/asked"


def test_a_context_that_there_is_not() -> None:
    with pytest.raises(InvalidParameter, match='context "gone": context not found'):
        find(None, {"currentContext": "gone"})
