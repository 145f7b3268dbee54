"""login, logout, push and search of our command line beside docker's: the same words, codes and files."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Said, boxship_cli, docker_cli
from tests.support.engine import Engine
from tests.support.hostile import Reply, scripted
from tests.support.registry import PASSWORD, USER, RealRegistry, TokenServer, real_registry
from tests.support.terminal import Terminal

HELPER = """#!/bin/sh
# A keychain of one entry; notes what it was asked.
folder=$(dirname "$0")
input=$(cat)
echo "$1 $input" >>"$folder/asked"
case $1 in
  store) echo "$input" >"$folder/kept" ;;
  get) cat "$folder/kept" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) rm -f "$folder/kept" ;;
esac
"""


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("secured"), htpasswd=True) as registry:
        yield registry


class Both:
    """Docker's client and ours, each with a configuration folder of its own."""

    def __init__(self, home: Path, engine: Engine, folder: Path) -> None:
        self.clis: list[Cli] = []
        for name, cli in (
            ("docker", docker_cli(home, engine.host, folder / "docker")),
            ("boxship", boxship_cli(engine.host, folder)),
        ):
            config = folder / f"{name}-config"
            config.mkdir()
            path = f"{folder}/bin-{name}:{os.environ['PATH']}"
            cli.environment |= {"DOCKER_CONFIG": str(config), "PATH": path}
            self.clis.append(cli)

    def config(self, cli: Cli) -> Path:
        """A client's config.json."""
        return Path(cli.environment["DOCKER_CONFIG"], "config.json")

    def write(self, value: Any) -> None:
        """Give both the same file."""
        for cli in self.clis:
            self.config(cli).write_text(json.dumps(value))

    def alike(self, *args: str, stdin: bytes | None = None) -> Said:
        """Run the command by both; ours, when all is equal: output, exit code, config.json and its mode."""
        said = [cli(*args, stdin=stdin) for cli in self.clis]
        told = [(each.code, self._neutral(each.out, cli), self._neutral(each.err, cli)) for each, cli in
                zip(said, self.clis, strict=True)]  # fmt: skip
        assert told[1] == told[0]
        files = [self.config(cli) for cli in self.clis]
        assert [file.exists() for file in files][1] == files[0].exists()
        if files[0].exists():
            assert files[1].read_text() == files[0].read_text()
            assert stat.S_IMODE(files[1].stat().st_mode) == stat.S_IMODE(files[0].stat().st_mode)
        return said[1]

    def _neutral(self, text: bytes, cli: Cli) -> str:
        shown = text.decode().replace(cli.environment["DOCKER_CONFIG"], "CONFIG").replace("SRun", "Run")
        return shown.replace("boxship log", "docker log").replace("boxship:", "docker:")


@pytest.fixture
def both(client_home: Path, engine: Engine, tmp_path: Path) -> Both:
    return Both(client_home, engine, tmp_path)


def test_login_and_logout(both: Both, secured: RealRegistry) -> None:
    host = secured.host
    both.alike("login", "-u", USER, "--password-stdin", host, stdin=b"wrong\n")
    both.alike("login", "-u", USER, "-p", PASSWORD, host).succeeded()
    both.alike("login", "-u", USER, "--password-stdin", f"http://{host}/v1/", stdin=b"secret\r\n").succeeded()
    assert both.alike("login", host).text == "Login Succeeded"
    both.alike("logout", host).succeeded()
    both.alike("logout", host)
    both.alike("logout")


def test_what_login_refuses(both: Both, secured: RealRegistry) -> None:
    host = secured.host
    for args in (
        ("--password-stdin", host),
        ("-u", "a", "-p", "b", "--password-stdin", host),
        ("-p", "x", host),
        ("-u", "", "-p", "x", host),
        ("-u", USER, "-p", "", host),
        ("-u", USER, "--password-stdin", host),
        ("-u", USER, host),
        (host,),
        (),
        ("a", "b"),
        ("-u", "u", "-p", "p", "127.0.0.1:1"),
    ):
        assert both.alike("login", *args, stdin=b"").code == 1


def test_an_identity_token_is_kept_in_place_of_the_password(both: Both, tmp_path: Path) -> None:
    tokens = TokenServer(tmp_path / "tokens")
    with tokens.serving(), real_registry(tmp_path / "registry", tokens=tokens) as real:
        both.alike("login", "-u", USER, "--password-stdin", real.host, stdin=b"secret").succeeded()
        assert PASSWORD not in both.config(both.clis[1]).read_text()
        both.alike("login", real.host)


def test_what_others_keep_in_the_file_stays(both: Both, secured: RealRegistry) -> None:
    """Also the mode that somebody gave it, and a link."""
    both.write({"auths": {"other:1": {"auth": "YTpi"}}, "HttpHeaders": {"A": "b"}, "detachKeys": "ctrl-a"})
    both.alike("login", "-u", USER, "--password-stdin", secured.host, stdin=b"secret").succeeded()
    both.alike("logout", secured.host)
    ours = both.clis[1]
    file = both.config(ours)
    target = file.with_name("target.json")
    file.rename(target)
    file.symlink_to(target)
    ours("login", "-u", USER, "--password-stdin", secured.host, stdin=b"secret").succeeded()
    assert file.is_symlink()
    assert secured.host in json.loads(target.read_text())["auths"]
    target.write_text("{broken")
    refused = ours("login", "-u", USER, "--password-stdin", secured.host, stdin=b"secret")
    assert refused.code == 1
    assert target.read_text() == "{broken"


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_keychain(both: Both, secured: RealRegistry, tmp_path: Path, key: str) -> None:
    """What the helper is asked, and what the file still says."""
    helpers = [tmp_path / f"bin-{name}" for name in ("docker", "boxship")]
    for folder in helpers:
        folder.mkdir()
        (folder / "docker-credential-tests").write_text(HELPER)
        (folder / "docker-credential-tests").chmod(0o755)
    both.write({key: "tests" if key == "credsStore" else {secured.host: "tests"}})
    both.alike("login", "-u", USER, "--password-stdin", secured.host, stdin=b"secret").succeeded()
    both.alike("login", secured.host).succeeded()
    ours = both.clis[1]
    ours("tag", "bx/base:1", f"{secured.host}/key/chain:1").succeeded()
    assert "digest: sha256:" in ours("push", f"{secured.host}/key/chain:1").succeeded().text
    ours("rmi", f"{secured.host}/key/chain:1")
    asked = [(folder / "asked").read_text().splitlines() for folder in helpers]
    store = json.loads(asked[1][0].partition(" ")[2])
    assert store == {"ServerURL": secured.host, "Username": USER, "Secret": PASSWORD}
    both.alike("logout", secured.host).succeeded()
    assert not any((folder / "kept").exists() for folder in helpers)
    assert both.clis[1]("login", secured.host, stdin=b"").code == 1


def test_a_helper_that_is_not_there(both: Both, secured: RealRegistry) -> None:
    both.write({"credHelpers": {secured.host: "none"}})
    both.alike("login", "-u", USER, "--password-stdin", secured.host, stdin=b"secret")


def test_login_in_a_terminal(both: Both, secured: RealRegistry, terminals: Callable[[Terminal], Terminal]) -> None:
    """The name is asked for, the password is not shown."""
    terminal = terminals(both.clis[1].terminal("login", secured.host))
    terminal.expect("Username: ")
    terminal.send(f"{USER}\n")
    terminal.expect("Password: ")
    terminal.send(f"{PASSWORD}\n")
    seen = terminal.expect("Login Succeeded")
    assert PASSWORD not in seen
    assert terminal.wait() == 0


def test_push_needs_a_name(both: Both) -> None:
    for args in (
        ("BAD",),
        ("-a", "x:1"),
        (f"x@sha256:{'1' * 64}",),
        ("-q", "nowhere.invalid/x"),
        ("127.0.0.1:1/x",),
        ("--platform", "linux/arm64", "bx/base:1"),
        ("--platform", "a/b/c/d", "bx/base:1"),
    ):
        assert both.alike("push", *args).code == 1


def test_search(both: Both) -> None:
    found = [
        {"name": "zero", "description": "not much", "star_count": 3, "is_official": False},
        {"name": "many", "description": "a description\nthat goes on " * 4, "star_count": 50, "is_official": True},
    ]
    with scripted(lambda asked: Reply(body=json.dumps({"results": found}).encode())) as index:
        term = f"{index.host}/x"
        for args in ((), ("--no-trunc",), ("--format", "{{.Name}}: {{.StarCount}}"), ("--filter", "is-official=true"),
                     ("--format", "table {{.Name}}\t{{.IsOfficial}}"), ("--filter", "odd=1"), ("--limit", "200"),
                     ("--format", "json")):  # fmt: skip
            both.alike("search", *args, term)
