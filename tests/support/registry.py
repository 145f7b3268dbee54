"""The real registry (distribution, brought by tools.clients) on the loopback, and a token server for it."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.certificates import Authority, Pair
from tools.clients import clients

USER, PASSWORD = "alice", "secret"
# PASSWORD by bcrypt, which is all that the registry takes and no tool of a bare Debian makes.
HTPASSWD = f"{USER}:$2y$04$DSsz2ZvUu4J90iR6/Sq5NOIgA2lK5r6rmKEAIKgg4bt8YuM4N8oha\n"
SERVICE = "test-registry"
READY_WITHIN = 30.0


@dataclass(frozen=True)
class RealRegistry:
    """A registry that runs. host: as in references; folder: all that it keeps."""

    host: str
    folder: Path
    log: Path

    def access_log(self) -> list[str]:
        """The requests it answered, "GET /v2/… 200"."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            before, quote, rest = line.partition('] "')
            if quote and " HTTP/1" in rest and not before.startswith("time="):
                request, _, after = rest.partition(' HTTP/1.1" ')
                found.append(f"{request} {after.split(' ')[0]}")
        return found


@contextmanager
def real_registry(
    folder: Path,
    *,
    htpasswd: bool = False,
    tls: Pair | None = None,
    client_ca: Path | None = None,
    tokens: TokenServer | None = None,
    proxied: str = "",
    through: tuple[str, ...] = (),
) -> Iterator[RealRegistry]:
    """Run one. proxied: the URL of a registry whose mirror it is. through: a command that runs it elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    http: dict[str, Any] = {"addr": "127.0.0.1:0", "secret": "of-the-tests"}
    if tls is not None:
        http["tls"] = {"certificate": str(tls.cert), "key": str(tls.key)}
        if client_ca is not None:
            http["tls"]["clientcas"] = [str(client_ca)]
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "store")}, "delete": {"enabled": True}},
        "http": http,
    }
    if htpasswd:
        (folder / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    if tokens is not None:
        told = {"realm": tokens.url, "service": SERVICE, "issuer": "tests", "rootcertbundle": str(tokens.signer.cert)}
        config["auth"] = {"token": told}
    if proxied:
        config["proxy"] = {"remoteurl": proxied}
    file = folder / "config.yml"
    file.write_text(json.dumps(config))  # JSON is YAML
    log = folder / "log"
    command = [*through, str(clients() / "bin/docker-registry"), "serve", str(file)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield RealRegistry(_listening(process, log), folder, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(errors="replace").splitlines():
            if (found := line.partition("listening on ")[2]) and "127.0.0.1:" in found:
                port = found.partition("127.0.0.1:")[2]
                return "127.0.0.1:" + "".join(letter for letter in port[:5] if letter.isdigit())
        time.sleep(0.02)
    raise AssertionError(f"the registry does not come up:\n{log.read_text(errors='replace')}")


@dataclass
class TokenServer:
    """Gives tokens to USER, and for pulling to anybody, as Docker Hub does.

    life: seconds that a token is good for. asked: the requests, as (method, fields, whether with a password).
    anonymous: actions that nobody in particular may do.
    """

    folder: Path
    life: int = 300
    anonymous: tuple[str, ...] = ("pull",)
    asked: list[tuple[str, dict[str, list[str]], bool]] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.signer = Pair(self.folder / "signer.pem", self.folder / "signer-key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=signer", "-days", "2",
             "-keyout", str(self.signer.key), "-out", str(self.signer.cert)],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip

    def token(self, subject: str, scopes: list[str], allowed: tuple[str, ...]) -> str:
        """A JSON web token, signed by openssl(1)."""
        access = []
        for scope in (part for text in scopes for part in text.split()):
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            granted = [action for action in actions.split(",") if action in allowed]
            access.append({"type": kind, "name": name, "actions": granted})
        now = int(time.time())
        certificate = "".join(self.signer.cert.read_text().split("-----")[2].split())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
        claims = {
            "iss": "tests", "sub": subject, "aud": SERVICE, "exp": now + self.life, "nbf": now - 5, "iat": now - 5,
            "jti": str(time.monotonic_ns()), "access": access,
        }  # fmt: skip
        signed = f"{_part(json.dumps(head).encode())}.{_part(json.dumps(claims).encode())}"
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.signer.key)]
        made = subprocess.run(command, input=signed.encode(), capture_output=True, check=True, timeout=60)
        return f"{signed}.{_part(made.stdout)}"

    @contextmanager
    def serving(self, host: str = "127.0.0.1") -> Iterator[TokenServer]:
        """Answer on the loopback until the block ends."""
        with ThreadingHTTPServer((host, 0), _handler(self)) as server:
            self.url = f"http://{host}:{server.server_address[1]}/token"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def _handler(tokens: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fields = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            given = self.headers.get("Authorization", "")
            tokens.asked.append(("GET", fields, bool(given)))
            right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if given and given != right:
                self._answer(401, {"details": "incorrect username or password"})
                return
            allowed = ("pull", "push", "delete") if given else tokens.anonymous
            made = {"token": tokens.token(USER if given else "", fields.get("scope", []), allowed)}
            if "offline_token" in fields and given:
                made["refresh_token"] = "identity"
            self._answer(200, {**made, "expires_in": tokens.life})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            fields = urllib.parse.parse_qs(body)
            tokens.asked.append(("POST", fields, False))
            if fields.get("grant_type") != ["refresh_token"] or fields.get("refresh_token") != ["identity"]:
                self._answer(401, {"details": "the refresh token is not known"})
                return
            token = tokens.token(USER, fields.get("scope", []), ("pull", "push", "delete"))
            self._answer(200, {"access_token": token, "expires_in": tokens.life})

        def _answer(self, status: int, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def server_pair(folder: Path) -> tuple[Authority, Pair]:
    """A private authority, and a certificate of the loopback's that it signed."""
    authority = Authority(folder, "registry tests")
    return authority, authority.server("IP:127.0.0.1,DNS:localhost")
