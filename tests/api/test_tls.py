"""The API over TLS with client certificates, by real clients."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.api import frames
from tests.support.certificates import Authority, Pair
from tests.support.cli import Cli, boxship_cli, docker_cli
from tests.support.engine import Engine

BASE = "bx/base:1"
RUN = ("run", "--rm", "--network", "none")


@dataclass(frozen=True)
class Secured:
    """A daemon that listens on TCP with TLS, beside its unix socket, and what its clients need."""

    engine: Engine
    port: int
    authority: Authority
    server: Pair
    client: Pair

    @property
    def host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"tcp://127.0.0.1:{self.port}"

    def flags(self, client: Pair | None = None) -> tuple[str, ...]:
        """The client's global flags."""
        pair = client or self.client
        files = ("--tlscacert", str(self.authority.ca), "--tlscert", str(pair.cert), "--tlskey", str(pair.key))
        return ("-H", self.host, "--tlsverify", *files)

    def connect(self) -> ssl.SSLSocket:
        """A connection by hand."""
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        context.load_cert_chain(self.client.cert, self.client.key)
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        return context.wrap_socket(raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False)

    def ask(self, headers: str) -> int:
        """The status that GET /_ping with these headers gets."""
        with closing(self.connect()) as sock:
            sock.sendall(f"GET /_ping HTTP/1.1\r\n{headers}\r\n\r\n".encode())
            return int(sock.recv(4096).split()[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def secured(image_archive: bytes, scratch: Path) -> Iterator[Secured]:
    authority = Authority(scratch / "tls", "tests")
    server, client = authority.server("IP:127.0.0.1,DNS:localhost"), authority.client()
    port = _free_port()
    files = ("--tlscacert", str(authority.ca), "--tlscert", str(server.cert), "--tlskey", str(server.key))
    engine = Engine("-H", f"tcp://127.0.0.1:{port}", "--tlsverify", *files)
    engine.options += ("-H", engine.host)
    try:
        engine.start()
        engine.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        yield Secured(engine, port, authority, server, client)
    finally:
        engine.close()


@pytest.fixture(scope="module")
def docker(client_home: Path, secured: Secured, scratch: Path) -> Cli:
    """The docker CLI over TLS."""
    cli = docker_cli(client_home, secured.host, scratch / "docker-tls")
    return Cli((*cli.program, *secured.flags()), cli.environment)


@pytest.fixture(scope="module")
def own(secured: Secured, scratch: Path) -> Cli:
    """Our CLI over TLS."""
    cli = boxship_cli(secured.host, scratch)
    return Cli((*cli.program, *secured.flags()), cli.environment)


@pytest.fixture
def running(docker: Cli) -> Iterator[str]:
    """A container that gives back what it gets."""
    made = docker("run", "-di", "--network", "none", BASE, "cat").succeeded().text
    yield made
    docker("rm", "-f", made)


def test_a_version_and_a_container(docker: Cli) -> None:
    assert docker("version", "--format", "{{.Server.Version}}").succeeded().text.startswith("28.")
    said = docker(*RUN, BASE, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (said.code, said.text, said.error) == (7, "out", "err")


def test_twenty_megabytes_through_a_container(docker: Cli) -> None:
    """Both ways at once, and the end of the input (a half-close) does not end the output."""
    data = os.urandom(20_000_000)
    assert docker(*RUN, "-i", BASE, "cat", stdin=data).succeeded().out == data


def test_output_that_begins_after_the_input_ended(docker: Cli) -> None:
    said = docker(*RUN, "-i", BASE, "sh", "-c", "wc -c; sleep 1; echo late", stdin=b"12345").succeeded()
    assert said.lines[-2:] == ["5", "late"]


def test_output_that_is_not_read_at_once(docker: Cli) -> None:
    """A client that stands still is waited for, and then gets all."""
    with docker.start(*RUN, BASE, "sh", "-c", "head -c 8000000 /dev/zero; echo end") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        first = process.stdout.read(1)
        docker("version").succeeded()
        assert len(first + process.stdout.read()) == 8_000_004
    assert process.returncode == 0


def test_exec_and_attach(docker: Cli, running: str) -> None:
    assert docker("exec", "-i", running, "sh", "-c", "cat; echo done", stdin=b"in\n").succeeded().lines == [
        "in",
        "done",
    ]
    with docker.start("attach", running) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"to and fro\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"to and fro\n"
        docker("kill", running).succeeded()
        assert process.wait(timeout=60) == 137


def test_a_killed_client_leaves_nothing(secured: Secured, docker: Cli, running: str) -> None:
    """Its connection, its pair's both ends: closed, though no close_notify came."""

    def open_files() -> int:
        count: int = secured.engine.api.request("GET", "/info").json["NFd"]
        return count

    before = open_files()
    process = docker.start("exec", "-i", running, "cat")
    with process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"here\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"here\n"
        process.kill()
    for _ in range(200):
        if open_files() <= before:
            return
    raise AssertionError(f"{open_files() - before} files are left open")


@pytest.mark.parametrize("with_head", [True, False])
def test_bytes_by_hand(secured: Secured, running: str, with_head: bool) -> None:
    """Input with the head or behind it; what the close leaves unread does not matter to the daemon."""
    head = f"POST /containers/{running}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: localhost\r\n"
    head += "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
    with closing(secured.connect()) as sock:
        if with_head:
            sock.sendall(head.encode() + b"early\n")
        else:
            sock.sendall(head.encode())
            sock.sendall(b"early\n")
        got = b""
        while not got.endswith(b"early\n"):
            piece = sock.recv(4096)
            assert piece, got
            got += piece
    answer, _, stream = got.partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert frames(stream) == [(1, b"early\n")]


def test_an_answer_ends_with_close_notify(secured: Secured) -> None:
    """So that a client can tell it from one that was cut: a ragged end raises here."""
    with closing(secured.connect()) as sock:
        sock.sendall(b"GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        got = b""
        while piece := sock.recv(4096):
            got += piece
    assert got.endswith(b"\r\n\r\nOK")


def test_a_client_without_a_trusted_certificate(secured: Secured, client_home: Path, scratch: Path) -> None:
    """Is refused with TLS's own word for it, whatever it asks."""
    cli = docker_cli(client_home, secured.host, scratch / "docker-refused")
    stranger = Authority(scratch / "tls-stranger", "stranger").client()
    none = cli("--tlsverify", "--tlscacert", str(secured.authority.ca), "version")
    assert none.code != 0 and "tls: certificate required" in none.error
    other = cli(*secured.flags(stranger), "version")
    # Which of the two a client hears is its OpenSSL's, or Go's, reading of the same refusal.
    assert other.code != 0 and ("unknown certificate authority" in other.error or "bad certificate" in other.error)
    plain = cli("version")
    assert plain.code != 0 and "Client sent an HTTP request" not in plain.text


def test_a_client_that_says_nothing_stops_nobody(secured: Secured, docker: Cli) -> None:
    with closing(socket.create_connection(("127.0.0.1", secured.port))):
        docker("version").succeeded()


def test_names_and_pages(secured: Secured) -> None:
    """A verified client may call the daemon by any name of its certificate; a web page stays outside."""
    assert secured.ask("Host: engine.example:2376") == 200
    assert secured.ask("Host: localhost\r\nOrigin: https://evil.example") == 403


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tls", "--tlscert={cert}", "--tlskey={key}", "-H", "tcp://0.0.0.0:0"], "TLS that lets any client in"),
        (["-H", "tcp://0.0.0.0:0"], "use --tlsverify with certificates for clients"),
        (["--tlsverify", "--tlscert={cert}", "--tlskey={key}"], "--tlscacert is missing"),
        (["--tls", "-H", "tcp://127.0.0.1:0"], "--tlscert is missing"),
        (["--tlscert={cert}", "-H", "tcp://127.0.0.1:0"], "--tlscert goes with --tlsverify"),
        (["--tls", "--tlscert=/nonexistent", "--tlskey={key}", "-H", "tcp://127.0.0.1:0"], "No such file"),
        (["--tls", "--tlscert={key}", "--tlskey={key}", "-H", "tcp://127.0.0.1:0"], "no PEM file"),
        (["--tls", "--tlscert={cert}", "--tlskey={client}", "-H", "tcp://127.0.0.1:0"], "key values mismatch"),
    ],
)
def test_what_makes_no_sense_is_refused(secured: Secured, tmp_path: Path, arguments: list[str], message: str) -> None:
    """With a sentence that names the flag or the file."""
    files = {"cert": secured.server.cert, "key": secured.server.key, "client": secured.client.key}
    other = Engine(*(argument.format_map(files) for argument in arguments))
    try:
        with pytest.raises(AssertionError) as refused:
            other.start()
        assert message in str(refused.value)
    finally:
        other.close()


def test_a_configuration_file_and_tls_without_client_certificates(secured: Secured, tmp_path: Path) -> None:
    """On the loopback, where the guard of plain TCP stays."""
    port = _free_port()
    file = tmp_path / "config.toml"
    lines = ["tls = true", f'tlscert = "{secured.server.cert}"', f'tlskey = "{secured.server.key}"']
    other = Engine("--config", str(file))
    file.write_text("\n".join([*lines, f'hosts = ["{other.host}", "tcp://127.0.0.1:{port}"]']) + "\n")
    try:
        other.start()
        context = ssl.create_default_context(cafile=str(secured.authority.ca))
        for host, status in (("localhost", b"200"), ("evil.example", b"403")):
            with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as raw:
                with closing(context.wrap_socket(raw, server_hostname="localhost")) as sock:
                    sock.sendall(f"GET /_ping HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                    assert sock.recv(4096).split()[1] == status
    finally:
        other.close()


def test_only_who_asks_for_tls_pays_for_it(secured: Secured, fresh_engine: Engine) -> None:
    """OpenSSL is in the memory of the one daemon and not of the other."""

    def has_openssl(pid: int) -> bool:
        return "/libssl" in Path(f"/proc/{pid}/maps").read_text() or "/_ssl." in Path(f"/proc/{pid}/maps").read_text()

    assert has_openssl(secured.engine.pid)
    assert not has_openssl(fresh_engine.pid)


def test_our_own_client(own: Cli, running: str) -> None:
    """Requests, streams with a half-close, codes."""
    assert own("version", "--format", "{{.Server.Version}}").succeeded().text.startswith("28.")
    said = own(*RUN, "-i", BASE, "sh", "-c", "cat; echo err >&2; exit 7", stdin=b"in")
    assert (said.code, said.text, said.error) == (7, "in", "err")
    late = own(*RUN, "-i", BASE, "sh", "-c", "wc -c; sleep 1; echo late", stdin=b"12345").succeeded()
    assert [line.strip() for line in late.lines] == ["5", "late"]
    assert own("exec", "-i", running, "sh", "-c", "cat; echo done", stdin=b"in\n").succeeded().lines == ["in", "done"]
    # Its input is still coming when the container has ended.
    assert own(*RUN, "-i", BASE, "echo", "short", stdin=bytes(5_000_000)).succeeded().text == "short"


def test_twenty_megabytes_by_our_own_client(own: Cli) -> None:
    data = os.urandom(20_000_000)
    assert own(*RUN, "-i", BASE, "cat", stdin=data).succeeded().out == data


def test_our_own_terminal(own: Cli, running: str) -> None:
    """The detach keys end the client and not the container."""
    terminal = own.terminal("exec", "-it", running, "sh")
    try:
        terminal.send("echo a$((20 + 3))b\r")
        terminal.expect("a23b")
        terminal.send(b"\x10\x11")
        terminal.wait()
    finally:
        terminal.close()
    assert running.startswith(own("ps", "-q", "--filter", f"id={running}").succeeded().text)


def test_our_own_client_by_the_environment(secured: Secured, scratch: Path) -> None:
    """DOCKER_TLS_VERIFY and DOCKER_CERT_PATH; the engine's name must be in its certificate, and a word says why not."""
    cli = boxship_cli(secured.host, scratch)
    asked = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(secured.authority.folder)}
    Cli(cli.program, cli.environment | asked)("ps").succeeded()
    # Another name for 127.0.0.1 (inet_aton(3)), which the certificate does not bear.
    wrong = Cli(cli.program, cli.environment | asked)("-H", f"tcp://127.1:{secured.port}", "ps")
    assert wrong.code == 1 and "certificate is not valid for '127.1'" in wrong.error
    stranger = Authority(scratch / "tls-other", "other")
    stranger.client()
    other = Cli(cli.program, cli.environment | asked | {"DOCKER_CERT_PATH": str(stranger.folder)})("ps")
    assert other.code == 1 and "tls: certificate verify failed" in other.error
    none = cli("--tls", "ps")
    assert none.code == 1 and "certificate required" in none.error
    lost = cli("--tlsverify", "--tlscacert", "/nonexistent.pem", "ps")
    assert lost.code == 1 and "the TLS file /nonexistent.pem can't be used: No such file or directory" in lost.error


def test_a_docker_context_with_certificates(secured: Secured, client_home: Path, tmp_path: Path) -> None:
    """One that the docker CLI made works in ours."""
    docker = docker_cli(client_home, "", tmp_path / "docker")
    files = f"ca={secured.authority.ca},cert={secured.client.cert},key={secured.client.key}"
    docker("context", "create", "far", "--docker", f"host={secured.host},{files}").succeeded()
    cli = boxship_cli("", tmp_path)
    Cli(cli.program, cli.environment | {"DOCKER_CONFIG": str(tmp_path / "docker")})("-c", "far", "ps").succeeded()


def test_our_own_client_in_the_clear_has_no_openssl(engine: Engine) -> None:
    """Only who asks for it waits for it to load."""
    words = [sys.executable, "-X", "importtime", "-m", "boxship", "-H", engine.host, "ps"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert "boxship.cli.ps" in done.stderr and "| _ssl" not in done.stderr
