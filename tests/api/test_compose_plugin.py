"""The real docker compose brings up a stack of two services on two networks, looks at it and takes it down."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from tests.support.cli import Cli

STACK = """
services:
  web:
    image: bx/base:1
    command: sh -c 'mkdir /w; echo served > /w/index.html; exec httpd -f -h /w'
    ports: ["127.0.0.1:{port}:80"]
    depends_on: {{db: {{condition: service_healthy}}}}
    networks: [front, back]
  db:
    image: bx/base:1
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: {{test: ["CMD", "true"], interval: 1s}}
    networks: {{back: {{aliases: [database]}}}}
networks:
  front:
  back: {{internal: true}}
"""


def test_a_stack_comes_up_and_goes(docker: Cli, name: str, tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (tmp_path / "compose.yaml").write_text(STACK.format(port=port))

    def compose(*words: str) -> str:
        return docker("compose", "-p", name, "--project-directory", str(tmp_path), *words).succeeded().text

    try:
        compose("up", "-d", "--wait")
        shown = [json.loads(line) for line in compose("ps", "--format", "json").splitlines()]
        assert {(one["Service"], one["State"], one["Health"]) for one in shown} == {
            ("web", "running", ""),
            ("db", "running", "healthy"),
        }
        assert compose("exec", "-T", "db", "wget", "-T", "5", "-qO-", "http://web/") == "served"
        compose("exec", "-T", "web", "nslookup", "database")
        assert compose("port", "web", "80") == f"127.0.0.1:{port}"
        before = docker("ps", "-q", "--no-trunc").lines
        compose("up", "-d")
        assert docker("ps", "-q", "--no-trunc").lines == before, "nothing has changed, so nothing is made again"
    finally:
        docker("compose", "-p", name, "--project-directory", str(tmp_path), "down", "-t", "0")
    assert docker("network", "ls", "-q", "--filter", f"name={name}").text == ""
    assert docker("ps", "-aq", "--filter", f"name={name}").text == ""
