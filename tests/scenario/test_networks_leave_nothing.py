"""Networks, names and published ports come and go: nothing of them stays in the kernel."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from boxship.kernel.netlink import conntrack
from boxship.kernel.netlink.socket import NETLINK_NETFILTER, NetlinkSocket
from tests.scenario.test_daemon_killed import until
from tests.scenario.test_networks_killed import bridges, dns_pid, free_port
from tests.support.api import Api
from tests.support.cli import Cli
from tests.support.engine import Engine
from tests.support.machine import links

BASE = "bx/base:1"
# Larger by hand: 200, 100 and 1,000.
NETWORKS = int(os.environ.get("BOXSHIP_TEST_NETWORKS", "60"))
NAMES = int(os.environ.get("BOXSHIP_TEST_NAMES", "40"))
CYCLES = int(os.environ.get("BOXSHIP_TEST_PORT_CYCLES", "60"))


def table(engine: Engine) -> str:
    """The engine's packet rules, "" for none."""
    said = subprocess.run(
        ["nft", "list", "table", "inet", f"boxship-{engine.instance}"], capture_output=True, text=True, check=False
    )
    return said.stdout


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def veths(engine: Engine) -> set[str]:
    """Devices on this engine's bridges."""
    return {name for bridge in bridges(engine) for name in os.listdir(f"/sys/class/net/{bridge}/brif")}


def flows(port: int) -> int:
    """How many connections to a UDP port the kernel remembers."""
    with NetlinkSocket(NETLINK_NETFILTER) as sock:
        every = map(conntrack.Flow, sock.dump(conntrack.all_flows(socket.AF_INET)))
        return sum(one.port == port and one.protocol == socket.IPPROTO_UDP for one in every)


def make(api: Api, name: str, settings: dict[str, object]) -> str:
    made = api.request("POST", f"/containers/create?name={name}", {"Image": BASE, **settings})
    assert made.status == 201, made.value
    return str(made.json["Id"])


def test_networks_come_and_go(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """All at once there, each with a subnet of its own; all gone afterwards."""
    api = fresh_engine.api
    fresh_docker("run", "--rm", BASE, "true").succeeded()
    before, rules, open_before = bridges(fresh_engine), table(fresh_engine), descriptors(fresh_engine.pid)
    ids = []
    for number in range(NETWORKS):
        body: dict[str, object] = {"Name": f"n{number}", "EnableIPv6": number % 4 == 0}
        # The default pools hold 31, and other engines take some.
        body["IPAM"] = {"Config": [{"Subnet": f"10.{199 + number // 250}.{number % 250}.0/24"}]}
        made = api.request("POST", "/networks/create", body)
        assert made.status == 201, made.value
        ids.append(made.json["Id"])
    assert len(bridges(fresh_engine) - before) == NETWORKS
    for one in ids:
        assert api.request("DELETE", f"/networks/{one}").status == 204
    assert bridges(fresh_engine) == before
    assert not {f"br-{one[:12]}" for one in ids} & links()
    assert table(fresh_engine) == rules
    assert descriptors(fresh_engine.pid) <= open_before + 2


def test_every_name_is_found(fresh_engine: Engine, fresh_docker: Cli) -> None:
    api = fresh_engine.api
    fresh_docker("network", "create", "net").succeeded()
    settings: dict[str, object] = {"Cmd": ["sleep", "600"], "HostConfig": {"NetworkMode": "net"}}
    ids = [make(api, f"name{number}", settings) for number in range(NAMES)]
    for one in ids:
        assert api.request("POST", f"/containers/{one}/start").status == 204
    script = f"for n in $(seq 0 {NAMES - 1}); do nslookup name$n | tail -n +4 | grep Address || echo none; done"
    for asker in ("name0", f"name{NAMES - 1}"):
        found = fresh_docker("exec", asker, "sh", "-c", script).succeeded().lines
        assert len(set(found)) == len(found) == NAMES
        assert "none" not in found
    pid = dns_pid(fresh_engine)
    assert len(veths(fresh_engine)) == NAMES
    idle = descriptors(pid)
    for one in ids:
        assert api.request("DELETE", f"/containers/{one}?force=1").status == 204
    # The kernel takes namespaces down a moment after their last user.
    until(lambda: not veths(fresh_engine), "the interfaces' end")
    # Two sockets and the process, for each.
    assert descriptors(pid) <= idle - 3 * NAMES
    assert fresh_engine.terminate() == 0
    assert (bridges(fresh_engine), table(fresh_engine)) == (set(), "")
    assert not Path(f"/proc/{pid}").exists() or dns_pid(fresh_engine) == 0


def test_published_ports_come_and_go(fresh_engine: Engine, fresh_docker: Cli) -> None:
    """Start and stop, tcp and udp, with a client that goes on sending."""
    api, port = fresh_engine.api, free_port()
    fresh_docker("network", "create", "net").succeeded()
    ports = {f"80/{protocol}": [{"HostPort": str(port)}] for protocol in ("tcp", "udp")}
    settings: dict[str, object] = {
        "Cmd": ["sleep", "600"],
        "HostConfig": {"NetworkMode": "net", "PortBindings": ports},
        "StopSignal": "SIGKILL",
    }
    box = make(api, "box", settings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))

        def cycle() -> None:
            assert api.request("POST", f"/containers/{box}/start").status == 204
            try:
                client.sendto(b"x", ("127.0.0.1", port))
            except ConnectionRefusedError:
                # What the one before was answered.
                client.sendto(b"x", ("127.0.0.1", port))
            assert api.request("POST", f"/containers/{box}/stop").status == 204
            with socket.socket() as sock:
                sock.bind(("0.0.0.0", port))

        cycle()
        rules, there = table(fresh_engine), links()
        held = descriptors(fresh_engine.pid), descriptors(dns_pid(fresh_engine))
        for _ in range(CYCLES):
            cycle()
        assert table(fresh_engine) == rules
        assert f"{port} :" not in rules
        assert flows(port) == 0
        until(lambda: not veths(fresh_engine), "the interfaces' end")
        assert {name for name in links() - there if name in bridges(fresh_engine)} == set()
        now = descriptors(fresh_engine.pid), descriptors(dns_pid(fresh_engine))
        assert all(after <= former + 2 for former, after in zip(held, now, strict=True)), (held, now)
