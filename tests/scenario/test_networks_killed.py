"""kill -9 of the daemon and of the dns process: names, ports and outgoing traffic, before, during and after."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from tests.scenario.test_daemon_killed import restart_daemon, until
from tests.support.cli import Cli
from tests.support.engine import Engine
from tests.support.machine import links, nft_tables, processes_holding
from tests.support.netns import Neighbour

BASE = "bx/base:1"
SERVE = 'mkdir -p /w && echo "$1" > /w/index.html && exec httpd -f -h /w -p 80'


def serve(docker: Cli, name: str, *options: str) -> None:
    docker("run", "-d", "--name", name, *options, BASE, "sh", "-c", SERVE, "sh", name).succeeded()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def get(port: int) -> str:
    """What the host gets from a published port, "" for nothing."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return str(answer.read().decode().strip())
    except (urllib.error.URLError, OSError):
        return ""


def inside(pid: int, url: str) -> str:
    """What a container gets from a URL, also while no daemon is there to exec for us."""
    command = ["nsenter", f"--target={pid}", "--all", "wget", "-T", "2", "-qO-", url]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def pid_of(docker: Cli, name: str) -> int:
    return int(docker("inspect", "-f", "{{.State.Pid}}", name).succeeded().text)


def dns_pid(engine: Engine) -> int:
    """The dns process, 0 for none."""
    for pid in processes_holding(str(engine.run_root)):
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == "boxship-dns":
                    return pid
        except OSError:
            continue
    return 0


def kill_names(engine: Engine) -> None:
    """End the dns process and wait for the next one; the former is reaped."""
    before = dns_pid(engine)
    os.kill(before, 9)
    until(lambda: dns_pid(engine) not in (0, before), "a new process", 10)
    assert not os.path.exists(f"/proc/{before}")


def addresses(docker: Cli, net: str) -> list[str]:
    """Of the containers that run in a network."""
    found = json.loads(docker("network", "inspect", net).succeeded().text)[0]["Containers"]
    return [one["IPv4Address"] for one in found.values()]


def records(engine: Engine) -> dict[str, str]:
    """Network's name -> device, of those that have one."""
    with closing(sqlite3.connect(engine.data_root / "state.db")) as connection:
        rows = connection.execute("SELECT record FROM networks").fetchall()
    values = [json.loads(row[0]) for row in rows]
    return {value["name"]: value["device"] for value in values if value.get("device")}


def bridges(engine: Engine) -> set[str]:
    """The bridges that bear this engine's mark."""
    said = subprocess.run(["ip", "-j", "-d", "link", "show", "type", "bridge"], capture_output=True, text=True)
    mark = f"boxship-{engine.instance}"
    return {one["ifname"] for one in json.loads(said.stdout or "[]") if one.get("ifalias") == mark}


def has_table(engine: Engine) -> bool:
    return f"table inet boxship-{engine.instance}" in nft_tables()


def test_names_ports_and_the_world_while_the_daemon_is_dead(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker, port = fresh_docker, free_port()
    docker("network", "create", "net").succeeded()
    serve(docker, "aa", "--network", "net", "-p", f"{port}:80")
    serve(docker, "bb", "--network", "net")
    pids = {name: pid_of(docker, name) for name in ("aa", "bb")}
    with Neighbour() as neighbour, neighbour.serving() as outside:

        def works() -> None:
            assert inside(pids["bb"], "http://aa/") == "aa"
            assert inside(pids["aa"], "http://bb.net/") == "bb"
            assert get(port) == "aa"
            assert neighbour.get(f"http://{neighbour.host}:{port}/") == "aa"
            assert inside(pids["aa"], f"http://{neighbour.address}:{outside}/") == neighbour.host

        until(lambda: get(port) == "aa" and inside(pids["aa"], "http://bb/") == "bb", "the servers")
        works()
        fresh_engine.kill()
        works()
        with socket.socket() as sock, pytest.raises(OSError, match="in use"):
            sock.bind(("0.0.0.0", port))
        fresh_engine.start()
        works()
    # What is made afterwards is told to everybody, and gets an address of its own.
    serve(docker, "cc", "--network", "net")
    until(lambda: inside(pids["aa"], "http://cc/") == "cc", "the new one")
    assert len(set(addresses(docker, "net"))) == 3
    docker("rm", "-f", "aa").succeeded()
    assert get(port) == ""


def test_names_come_back_when_the_dns_process_is_killed(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """By themselves, also twice, also when it was killed while no daemon was there."""
    docker = fresh_docker
    docker("network", "create", "net").succeeded()
    for name in ("aa", "bb"):
        serve(docker, name, "--network", "net")
    pid = pid_of(docker, "aa")
    until(lambda: inside(pid, "http://bb/") == "bb", "the server")
    for _ in range(2):
        kill_names(fresh_engine)
        until(lambda: inside(pid, "http://bb/") == "bb", "the names", 10)
    fresh_engine.kill()
    os.kill(dns_pid(fresh_engine), 9)
    fresh_engine.start()
    assert inside(pid, "http://bb/") == "bb"
    # And the process that a former daemon has started is watched, too.
    restart_daemon(fresh_engine)
    os.kill(dns_pid(fresh_engine), 9)
    until(lambda: inside(pid, "http://bb/") == "bb", "the names", 10)


def test_a_start_that_nobody_recorded_keeps_its_address_and_ports(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """The daemon dies between a container's start and its record: no address is given twice."""
    docker, api = fresh_docker, fresh_engine.api
    docker("network", "create", "net").succeeded()
    port = free_port()
    docker("create", "--name", "aa", "--network", "net", "-p", f"{port}:80", BASE, "sh", "-c", SERVE, "sh", "aa")
    with closing(sqlite3.connect(fresh_engine.data_root / "state.db")) as connection:
        before = connection.execute("SELECT * FROM containers").fetchall()
    docker("start", "aa").succeeded()
    fresh_engine.kill()
    # As if the record had not been written: what stood there before comes back.
    with closing(sqlite3.connect(fresh_engine.data_root / "state.db")) as connection:
        connection.execute("DELETE FROM containers")
        marks = ", ".join("?" * len(before[0]))
        connection.executemany(f"INSERT INTO containers VALUES ({marks})", before)
        connection.commit()
    fresh_engine.start()
    state = api.request("GET", "/containers/aa/json").json
    assert state["State"]["Status"] == "running"
    assert state["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"] == str(port)
    serve(docker, "bb", "--network", "net")
    assert len(set(addresses(docker, "net"))) == 2
    until(lambda: get(port) == "aa", "the published port")
    assert docker("exec", "bb", "wget", "-T", "2", "-qO-", "http://aa/").text == "aa"
    docker("rm", "-f", "aa").succeeded()
    assert get(port) == ""


def test_ports_of_those_that_ended_meanwhile_are_free(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """The rules of a killed daemon lead nowhere any more when its containers are gone."""
    docker, port = fresh_docker, free_port()
    serve(docker, "aa", "-p", f"{port}:80")
    until(lambda: get(port) == "aa", "the server")
    pid = pid_of(docker, "aa")
    fresh_engine.kill()
    os.kill(pid, 9)
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the container's end")
    fresh_engine.start()
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
    assert f"{port} :" not in rules
    assert fresh_engine.terminate() == 0
    assert (bridges(fresh_engine), has_table(fresh_engine), dns_pid(fresh_engine)) == (set(), False, 0)


def test_flushed_rules_are_made_again(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """Somebody reloads a firewall: who ends is recorded as ended, who starts is reached, and so are the others."""
    docker = fresh_docker
    ports = {name: free_port() for name in ("aa", "bb", "cc")}
    table = ("delete", "table", "inet", f"boxship-{fresh_engine.instance}")
    for name in ("aa", "bb"):
        serve(docker, name, "-p", f"{ports[name]}:80")
    subprocess.run(["nft", *table], check=True)
    docker("stop", "-t", "0", "aa", timeout=30).succeeded()
    assert docker("inspect", "-f", "{{.State.Status}}", "aa").text == "exited"
    until(lambda: get(ports["bb"]) == "bb", "the other one's port")
    subprocess.run(["nft", *table], check=True)
    serve(docker, "cc", "-p", f"{ports['cc']}:80")
    until(lambda: get(ports["cc"]) == "cc" and get(ports["bb"]) == "bb", "both ports")
    subprocess.run(["nft", *table], check=True)
    docker("network", "disconnect", "bridge", "cc").succeeded()
    assert get(ports["cc"]) == ""
    until(lambda: get(ports["bb"]) == "bb", "the other one's port")


def test_killed_while_networks_come_and_go(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """Whatever instant the daemon dies at: bridges, rules and records agree after the next start."""
    docker = fresh_docker
    docker("run", "-d", "--name", "box", BASE, "sleep", "600").succeeded()
    steps = ["network create n", "network connect n box", "network disconnect n box", "network rm n"]
    for number in range(6):
        clients = []
        for word in steps[: 1 + number % len(steps)]:
            # Steps before the last one are carried out whole.
            for client in clients:
                client.communicate()
            clients = [docker.start(*word.split())]
        time.sleep(0.012 * number + 0.02)
        restart_daemon(fresh_engine)
        clients[0].communicate()
        known = records(fresh_engine)
        assert bridges(fresh_engine) <= set(known.values()), number
        if "n" in known:
            docker("network", "disconnect", "n", "box")
            docker("network", "rm", "n").succeeded()
        assert bridges(fresh_engine) == {known["bridge"]}, number
        assert docker("exec", "box", "ls", "/sys/class/net").text.split() == ["eth0", "lo"], number


def test_a_bridge_without_record_is_removed_and_others_are_not(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker = fresh_docker
    docker("network", "create", "net").succeeded()
    mark = f"boxship-{fresh_engine.instance}"
    stray, foreign = f"bxs{os.getpid()}", f"bxf{os.getpid()}"
    fresh_engine.kill()
    for name in (stray, foreign):
        subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "link", "set", stray, "alias", mark], check=True)
        fresh_engine.start()
        assert stray not in links()
        assert bridges(fresh_engine) == {records(fresh_engine)["net"]}
        # A bridge that somebody else has made is used, and stays when the network goes.
        docker("network", "create", "-o", f"com.docker.network.bridge.name={foreign}", "theirs").succeeded()
        docker("run", "--rm", "--network", "theirs", BASE, "true").succeeded()
        docker("network", "rm", "theirs", "net").succeeded()
        assert foreign in links()
        # One that was not marked yet when the daemon was killed.
        made = docker("network", "create", "net").succeeded().text
        subprocess.run(["ip", "link", "set", f"br-{made[:12]}", "alias", ""], check=True)
        restart_daemon(fresh_engine)
        docker("network", "rm", "net").succeeded()
        assert f"br-{made[:12]}" not in links()
    finally:
        for name in {stray, foreign} & links():
            subprocess.run(["ip", "link", "del", name], check=True)


def test_a_daemon_that_ends_takes_away_what_nobody_uses(fresh_engine: Engine, fresh_docker: Cli) -> None:
    docker = fresh_docker
    docker("network", "create", "net").succeeded()
    serve(docker, "aa", "--network", "net")
    serve(docker, "bb", "--network", "net")
    pid = pid_of(docker, "aa")
    until(lambda: inside(pid, "http://bb/") == "bb", "the server")
    assert fresh_engine.terminate() == 0
    # With containers, they go on as before.
    assert inside(pid, "http://bb/") == "bb"
    fresh_engine.start()
    docker("rm", "-f", "aa", "bb").succeeded()
    assert fresh_engine.terminate() == 0
    assert (bridges(fresh_engine), has_table(fresh_engine), dns_pid(fresh_engine)) == (set(), False, 0)
    # The record has stayed, and the bridge comes again when it is needed.
    fresh_engine.start()
    docker("run", "--rm", "--network", "net", BASE, "true").succeeded()


def test_one_name_is_given_once(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """Many clients that want the same network, or the same subnet, at once."""
    docker = fresh_docker
    clients = [docker.start("network", "create", "same") for _ in range(6)]
    clients += [docker.start("network", "create", "--subnet", "10.211.0.0/24", f"n{number}") for number in range(6)]
    for client in clients:
        client.communicate()
    assert sum(client.returncode == 0 for client in clients[:6]) == 1
    assert sum(client.returncode == 0 for client in clients[6:]) == 1
    assert len(bridges(fresh_engine)) == 2
