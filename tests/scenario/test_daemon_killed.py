"""kill -9 of the daemon: containers run on, and the next daemon knows all of it."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.cli import Cli, boxship_cli
from tests.support.engine import Engine

BASE = "bx/base:1"
COUNTER = 'trap "exit {code}" TERM; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done'


def until(holds: Callable[[], bool], what: str, patience: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}"
        time.sleep(0.05)


def state(engine: Engine, ref: str) -> dict[str, object]:
    """A container's State; {} when the container is gone."""
    body = engine.api.request("GET", f"/containers/{ref}/json").json
    found: dict[str, object] = body.get("State", {})
    return found


def restart_daemon(engine: Engine) -> None:
    engine.kill()
    engine.start()


def test_twenty_containers_outlive_the_daemon(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker = fresh_docker
    for number in range(20):
        docker("run", "-d", "--name", f"k{number}", BASE, "sh", "-c", COUNTER.format(code=number)).succeeded()
    pids = {f"k{number}": state(fresh_engine, f"k{number}")["Pid"] for number in range(20)}
    inode = os.stat(fresh_engine.socket_path).st_ino

    restart_daemon(fresh_engine)

    assert os.stat(fresh_engine.socket_path).st_ino == inode
    assert {name: state(fresh_engine, name)["Pid"] for name in pids} == pids
    assert len(docker("ps", "-q").succeeded().lines) == 20
    docker("stop", "-t", "20", *pids).succeeded()
    for number in range(20):
        assert state(fresh_engine, f"k{number}")["ExitCode"] == number
        lines = docker("logs", f"k{number}").succeeded().lines
        assert lines == [f"line {count}" for count in range(len(lines))]
        assert len(lines) > 1


def test_exits_while_no_daemon_runs_are_known(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker = fresh_docker
    go = "until [ -e /go ]; do sleep 0.05; done; echo last words; exit 9"
    docker("run", "-d", "--name", "ends", BASE, "sh", "-c", go).succeeded()
    docker("run", "-d", "--rm", "--name", "goes", BASE, "sh", "-c", go).succeeded()
    pids = [int(str(state(fresh_engine, name)["Pid"])) for name in ("ends", "goes")]
    since = time.time()

    fresh_engine.kill()
    for pid in pids:
        with open(f"/proc/{pid}/root/go", "w"):
            pass
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the containers' end")
    fresh_engine.start()

    ended = state(fresh_engine, "ends")
    assert (ended["Status"], ended["ExitCode"], ended["OOMKilled"]) == ("exited", 9, False)
    assert str(ended["FinishedAt"]) > str(ended["StartedAt"])
    assert docker("logs", "ends").succeeded().lines == ["last words"]
    assert fresh_engine.api.request("GET", "/containers/goes/json").status == 404
    seen = docker(
        *("events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}", "--filter", "event=die"),
        *("--format", "{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}"),
    ).succeeded()
    assert {"ends 9", "goes 9"} <= set(seen.lines)


def test_execs_live_on_and_keep_their_codes(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker, api = fresh_docker, fresh_engine.api
    docker("run", "-d", "--name", "box", BASE, "sleep", "600").succeeded()

    def begin(script: str) -> str:
        made = api.request("POST", "/containers/box/exec", {"Cmd": ["sh", "-c", script]}).json["Id"]
        assert api.request("POST", f"/exec/{made}/start", {"Detach": True}).status == 200
        return str(made)

    ended = begin("exit 3")
    until(lambda: api.request("GET", f"/exec/{ended}/json").json["ExitCode"] == 3, "the first exec")
    ends = begin("until [ -e /go ]; do sleep 0.05; done; exit 7")
    lives = begin("exec sleep 600")
    pid = api.request("GET", f"/exec/{ends}/json").json["Pid"]

    fresh_engine.kill()
    with open(f"/proc/{pid}/root/go", "w"):
        pass
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the exec's end")
    fresh_engine.start()

    assert api.request("GET", f"/exec/{ended}/json").json["ExitCode"] == 3
    found = api.request("GET", f"/exec/{ends}/json").json
    assert (found["Running"], found["ExitCode"]) == (False, 7)
    running = api.request("GET", f"/exec/{lives}/json").json
    assert (running["Running"], running["ExitCode"]) == (True, None)
    assert docker("exec", "box", "echo", "again").succeeded().text == "again"


def test_an_attached_client_survives(fresh_engine: Engine) -> None:
    """The connection belongs to the monitor: neither direction notices that the daemon has gone."""
    api = fresh_engine.api
    script = 'echo ready; while read line; do echo "got $line"; done; exit 6'
    body = {"Image": BASE, "Cmd": ["sh", "-c", script], "OpenStdin": True, "StdinOnce": True}
    assert api.request("POST", "/containers/create?name=talk", body).status == 201
    client = api.hijack("/containers/talk/attach?stream=1&stdin=1&stdout=1&stderr=1")
    assert api.request("POST", "/containers/talk/start").status == 204
    client.read_until(b"ready\n")
    fresh_engine.kill()
    client.sock.sendall(b"nobody is there\n")
    client.read_until(b"got nobody is there\n")
    fresh_engine.start()
    client.sock.sendall(b"hello\n")
    client.read_until(b"got hello\n")
    client.half_close()
    assert client.read_all() == b""
    client.close()
    assert api.request("POST", "/containers/talk/wait").json == {"StatusCode": 6}


def test_policies_bring_containers_back(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker = fresh_docker
    for name, policy in (
        ("always", "always"),
        ("unless", "unless-stopped"),
        ("stopped", "unless-stopped"),
        ("no", "no"),
    ):
        docker("run", "-d", "--name", name, "--restart", policy, BASE, "sleep", "600").succeeded()
    docker("stop", "-t", "0", "always", "stopped").succeeded()
    pids = [int(str(state(fresh_engine, name)["Pid"])) for name in ("unless", "no")]

    fresh_engine.kill()
    for pid in pids:
        os.kill(pid, 9)
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the containers' end")
    fresh_engine.start()

    # "always" means it, even after a stop by hand.
    until(lambda: state(fresh_engine, "always")["Status"] == "running", "always")
    until(lambda: state(fresh_engine, "unless")["Status"] == "running", "unless-stopped")
    assert state(fresh_engine, "stopped")["Status"] == "exited"
    assert (state(fresh_engine, "no")["Status"], state(fresh_engine, "no")["ExitCode"]) == ("exited", 137)


def _monitor(pid: object) -> int:
    """The parent of a container's first process."""
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def test_a_killed_monitor_takes_its_container_along(fresh_engine: Engine, fresh_docker: Cli) -> None:
    for name, policy in (("once", "no"), ("again", "always")):
        fresh_docker("run", "-d", "--name", name, "--restart", policy, BASE, "sleep", "600").succeeded()
    pids = {name: state(fresh_engine, name)["Pid"] for name in ("once", "again")}
    for pid in pids.values():
        os.kill(_monitor(pid), 9)
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids.values()), "the containers' end")
    until(lambda: state(fresh_engine, "once")["Status"] == "exited", "the exit")
    assert state(fresh_engine, "once")["ExitCode"] == 137
    until(lambda: state(fresh_engine, "again")["Status"] == "running", "the policy")
    assert fresh_docker("start", "once").code == 0
    assert fresh_docker("exec", "once", "echo", "well").succeeded().text == "well"


def test_daemon_and_monitor_killed_together(fresh_engine: Engine, fresh_docker: Cli) -> None:
    fresh_docker("run", "-d", "--name", "lost", BASE, "sleep", "600").succeeded()
    pid = state(fresh_engine, "lost")["Pid"]
    monitor = _monitor(pid)
    fresh_engine.kill()
    os.kill(monitor, 9)
    fresh_engine.start()
    lost = state(fresh_engine, "lost")
    assert (lost["Status"], lost["ExitCode"]) == ("exited", 255)
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the container's end")
    assert fresh_docker("start", "lost").code == 0
    assert fresh_docker("rm", "-f", "lost").code == 0


def test_killed_in_the_middle_of_everything(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """Whatever instant the daemon dies at, the next one can start, list and remove all of it, and nothing stays."""
    docker, api = fresh_docker, fresh_engine.api
    for round_number in range(4):
        clients = [
            docker.start("run", "--rm" if number % 2 else "--init=false", BASE, "sh", "-c", f"exit {number}")
            for number in range(8)
        ]
        time.sleep(0.02 + 0.04 * round_number)
        restart_daemon(fresh_engine)
        for client in clients:
            client.communicate()
        until(
            lambda: not any(row["State"] == "running" for row in api.request("GET", "/containers/json?all=1").json),
            "the containers' end",
        )
        for row in api.request("GET", "/containers/json?all=1").json:
            assert row["State"] in ("created", "exited")
            assert api.request("DELETE", f"/containers/{row['Id']}").status == 204
        for folder in (fresh_engine.data_root / "containers", fresh_engine.data_root / "snapshots"):
            left = (
                [name for name in os.listdir(folder) if re.fullmatch("[0-9a-f]{64}", name)] if folder.exists() else []
            )
            assert left == [], f"round {round_number}: {folder}"
        until(lambda: os.listdir(fresh_engine.run_root / "c") == [], "the bundles' end")


def test_our_client_is_told_that_nobody_answers(fresh_engine: Engine, fresh_docker: Cli, tmp_path: Path) -> None:
    """The zygote holds the socket: the kernel takes the connection, and no daemon ever would."""
    fresh_docker("run", "-d", "--network", "none", "bx/base:1", "sleep", "600").succeeded()
    fresh_engine.kill()
    said = boxship_cli(fresh_engine.host, tmp_path)("ps", timeout=20)
    assert said.code == 1
    assert b"Is the daemon running?" in said.err
    fresh_engine.start()
    assert fresh_docker("ps", "-q").lines
