"""stats: figures that grow, the stream over stops and starts, its end."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

from tests.support.api import Api
from tests.support.cli import Cli
from tests.support.engine import Engine, Foreign

BASE = "bx/base:1"


def lines(engine: Engine | Foreign, target: str) -> Iterator[dict[str, object]]:
    """The readings of a stream, until the server ends it."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(engine.socket_path)
        sock.sendall(f"GET {target} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        with sock.makefile("rb") as file:
            while file.readline().strip():
                pass
            for line in file:
                yield json.loads(line)


def test_work_is_seen(docker: Cli, api: Api, name: str) -> None:
    docker("run", "-d", "--name", name, "--memory", "50m", BASE, "sh", "-c", "while :; do :; done").succeeded()
    body = api.request("GET", f"/v1.51/containers/{name}/stats?stream=0").json
    used = body["cpu_stats"]["cpu_usage"]["total_usage"] - body["precpu_stats"]["cpu_usage"]["total_usage"]
    machine = body["cpu_stats"]["system_cpu_usage"] - body["precpu_stats"]["system_cpu_usage"]
    assert 0 < used < 4 * machine
    assert body["memory_stats"]["limit"] == 50 << 20
    assert body["pids_stats"]["current"] >= 1
    assert body["read"] > body["preread"]


def test_a_stream_over_a_stop_and_a_removal(docker: Cli, engine: Engine | Foreign, name: str) -> None:
    docker("run", "-d", "--name", name, BASE, "sleep", "600").succeeded()
    readings = lines(engine, f"/v1.51/containers/{name}/stats")
    first, second = next(readings), next(readings)
    assert (first["preread"], second["preread"]) == ("0001-01-01T00:00:00Z", first["read"])
    docker("kill", name).succeeded()
    for stopped in readings:
        if stopped["memory_stats"] == {}:
            break
    docker("rm", name).succeeded()
    for last in readings:
        assert last["name"] == f"/{name}"


def test_docker_stats(docker: Cli, name: str) -> None:
    docker("run", "-d", "--name", name, "--memory", "50m", BASE, "sleep", "600").succeeded()
    said = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPUPerc}}", name)
    assert re.fullmatch(rf"{name} [0-9.]+[kKM]iB / 50MiB 1 [0-9.]+%", said.text), said
