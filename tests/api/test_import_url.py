"""docker import from a URL: a web server of the test's own, honest and not."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.support.api import Api
from tests.support.cli import Cli
from tests.support.tars import file, tar

ROOT = tar(file("etc/from-the-web", b"yes\n"))


class Site(BaseHTTPRequestHandler):
    """Serves one root file system, by ways that are told by the path."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer by the path."""
        self.seen.append(self.path)
        if self.path == "/root.tar.gz":
            self._send(200, gzip.compress(ROOT))
        elif self.path == "/moved":
            self._send(302, b"", ("Location", "/root.tar.gz"))
        elif self.path == "/circle":
            self._send(302, b"", ("Location", "/circle"))
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", str(len(ROOT) + 100))
            self.end_headers()
            self.wfile.write(ROOT[:700])
        elif self.path == "/text":
            self._send(200, b"no archive at all " * 100)
        else:
            self._send(404, b"nothing here")

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """host:port of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["root.tar.gz", "moved"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_an_image_from_the_web(docker: Cli, site: str, path: str, scheme: str) -> None:
    said = docker("import", "-m", "", f"{scheme or 'http://'}{site}/{path}", "bx-web:1").succeeded()
    assert said.lines[0] == f"Downloading from http://{site}/{path}"
    assert said.lines[-1].startswith("sha256:")
    comment = docker("image", "inspect", "-f", "{{.Comment}}", "bx-web:1").succeeded().text
    assert comment == f"Imported from http://{site}/{path}"
    docker("rmi", "bx-web:1").succeeded()


def test_without_a_scheme_and_with_progress(api: Api, site: str) -> None:
    answer = api.request("POST", f"/images/create?fromSrc={site}/root.tar.gz&repo=bx-web&tag=2")
    assert answer.status == 200
    assert b'"status":"Importing"' in answer.body
    assert b'"status":"sha256:' in answer.body
    api.request("DELETE", "/images/bx-web:2")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("none", 404, "failed to GET http://{site}/none with status 404 Not Found: nothing here"),
        ("circle", 500, 'Get "http://{site}/circle": stopped after 10 redirects'),
    ],
)
def test_what_is_not_there(api: Api, site: str, path: str, status: int, message: str) -> None:
    answer = api.request("POST", f"/images/create?fromSrc=http://{site}/{path}&repo=bx-web&tag=3")
    assert (answer.status, answer.json["message"]) == (status, message.format(site=site))


@pytest.mark.parametrize("path", ["short", "text"])
def test_what_is_damaged_leaves_nothing(api: Api, site: str, path: str) -> None:
    answer = api.request("POST", f"/images/create?fromSrc=http://{site}/{path}&repo=bx-web&tag=4")
    assert b"errorDetail" in answer.body
    assert api.request("GET", "/images/bx-web:4/json").status == 404


def test_no_server_and_no_scheme_of_ours(api: Api) -> None:
    refused = api.request("POST", "/images/create?fromSrc=http://127.0.0.1:1/x")
    assert (refused.status, "connection refused" in refused.json["message"]) == (500, True)
    assert api.request("POST", "/images/create?fromSrc=ftp://127.0.0.1/x").status == 500
    assert api.request("POST", "/images/create?fromSrc=").status == 400
    assert api.request("POST", "/images/create?fromSrc=http://127.0.0.1:1/x&repo=UPPER").status == 400


def test_a_host_that_is_none(api: Api) -> None:
    answer = api.request("POST", "/v1.51/images/create?fromSrc=http%3A%2F%2F%5B%5D")
    expected = {"message": 'parse "http://[]": invalid host: ParseAddr(""): unable to parse IP'}
    assert (answer.status, answer.json) == (400, expected)
