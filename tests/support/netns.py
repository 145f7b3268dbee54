"""Another machine beside this one: a network namespace with one wire to the host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.client_address[0].encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def _run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Neighbour:
    """host: the host's address on the wire; address: the neighbour's own."""

    def __init__(self) -> None:
        mark = f"{os.getpid() % 60000:x}"
        self._name = f"bxn-{mark}"
        self._device = f"bxn{mark}"
        third = 128 + os.getpid() % 100
        self.host, self.address = f"10.214.{third}.1", f"10.214.{third}.2"

    def __enter__(self) -> Neighbour:
        _run("ip", "netns", "add", self._name)
        _run("ip", "link", "add", self._device, "type", "veth", "peer", "name", "eth0", "netns", self._name)
        _run("ip", "addr", "add", f"{self.host}/24", "dev", self._device)
        _run("ip", "link", "set", self._device, "up")
        self.ip("addr", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")
        self.ip("link", "set", "lo", "up")
        return self

    def __exit__(self, *_: object) -> None:
        _run("ip", "link", "del", self._device)
        _run("ip", "netns", "del", self._name)

    def ip(self, *words: str) -> str:
        """ip(8) in there."""
        return _run("ip", "-n", self._name, *words)

    def route(self, destination: str) -> None:
        """Send what goes there to the host."""
        if destination.startswith("127."):
            self.ip("addr", "flush", "dev", "lo")
            self.sysctl("net.ipv4.conf.all.route_localnet", "1")
        self.ip("route", "replace", destination, "via", self.host)

    def sysctl(self, key: str, value: str) -> None:
        _run("ip", "netns", "exec", self._name, "sh", "-c", f"echo {value} > /proc/sys/{key.replace('.', '/')}")

    def get(self, url: str) -> str:
        """What it gets from a URL, "" for nothing."""
        program = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=2).read().decode().strip())"
        done = subprocess.run(
            ["ip", "netns", "exec", self._name, "python3", "-c", program, url], capture_output=True, text=True
        )
        return done.stdout.strip()

    @contextmanager
    def serving(self) -> Iterator[int]:
        """A web server in there that says who asks; its port."""
        command = ["ip", "netns", "exec", self._name, "python3", "-c", _SERVER]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield int(process.stdout.readline())
            finally:
                process.terminate()
