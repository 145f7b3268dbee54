"""Containers in networks: names, addresses, ports, isolation; by the real docker CLI and the kernel."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.kernel import netns
from tests.support.api import Api
from tests.support.cli import Cli, docker_cli
from tests.support.engine import Engine
from tests.support.netns import Neighbour

BASE = "bx/base:1"
SERVE = 'mkdir -p /w && echo "$1" > /w/index.html && exec httpd -f -h /w -p "$2"'


@pytest.fixture
def net(docker: Cli, name: str) -> Iterator[str]:
    """A user-defined network of the test's own; what is still in it goes first."""
    made = f"{name}-net"
    docker("network", "create", made).succeeded()
    yield made
    for line in docker("ps", "-aq", "--filter", f"network={made}").lines:
        docker("rm", "-f", line)
    docker("network", "rm", made).succeeded()


def serve(docker: Cli, name: str, *options: str, port: int = 80) -> None:
    """A container with a web server that gives its name."""
    docker("run", "-d", "--name", name, *options, BASE, "sh", "-c", SERVE, "sh", name, str(port)).succeeded()
    for _ in range(200):
        if docker("exec", name, "wget", "-qO-", f"http://127.0.0.1:{port}/").code == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} does not serve")


def fetch(docker: Cli, client: str, url: str) -> str:
    """What a container gets from a URL, "" for nothing within two seconds."""
    return docker("exec", client, "wget", "-T", "2", "-qO-", url).text


def get(url: str) -> str:
    """What the host gets from a URL, "" for nothing."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return str(answer.read().decode().strip())
    except (urllib.error.URLError, OSError):
        return ""


def address(docker: Cli, name: str, net: str) -> str:
    template = f'{{{{(index .NetworkSettings.Networks "{net}").IPAddress}}}}'
    return docker("inspect", "-f", template, name).succeeded().text


def in_namespace(docker: Cli, name: str) -> socket.socket:
    """A datagram socket in a container's network namespace."""
    pid = docker("inspect", "-f", "{{.State.Pid}}", name).succeeded().text
    fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    made: list[socket.socket] = []

    def work() -> None:
        with netns.inside(fd):
            made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    os.close(fd)
    return made[0]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_names_lead_to_containers(docker: Cli, name: str, net: str) -> None:
    """Both directions; aliases, the short id, the network's name behind it; after a restart and a rename."""
    a, b = f"{name}-a", f"{name}-b"
    serve(docker, a, "--network", net, "--network-alias", "web")
    serve(docker, b, "--network", net)
    short = docker("inspect", "-f", "{{.Id}}", a).text[:12]
    for known in (a, "web", short, f"{a}.{net}", a.upper()):
        assert fetch(docker, b, f"http://{known}/") == a, known
    assert fetch(docker, a, f"http://{b}/") == b
    docker("restart", "-t", "0", a).succeeded()
    deadline = time.monotonic() + 20
    while fetch(docker, b, f"http://{a}/") != a:
        assert time.monotonic() < deadline, "it is not found after a restart"
    renamed = f"{name}-c"
    docker("rename", a, renamed).succeeded()
    assert fetch(docker, b, f"http://{renamed}/") == a
    assert fetch(docker, b, f"http://{a}.{net}/") == ""
    docker("stop", "-t", "0", renamed).succeeded()
    assert docker("exec", b, "nslookup", renamed).code != 0


def test_the_first_instruction_knows_names(docker: Cli, name: str, net: str) -> None:
    serve(docker, f"{name}-a", "--network", net)
    said = docker("run", "--rm", "--network", net, BASE, "wget", "-T", "2", "-qO-", f"http://{name}-a/")
    assert said.succeeded().text == f"{name}-a"


def test_reverse_look_ups_and_kinds(docker: Cli, name: str, net: str) -> None:
    """PTR leads back; a name without an IPv6 address is there all the same."""
    a = f"{name}-a"
    serve(docker, a, "--network", net)
    reverse = ".".join(reversed(address(docker, a, net).split("."))) + ".in-addr.arpa"
    assert f"{a}.{net}" in docker("exec", a, "nslookup", "-type=ptr", reverse).succeeded().text
    none = docker("exec", a, "nslookup", "-type=aaaa", a)
    assert none.code == 0
    assert "NXDOMAIN" not in none.text + none.error


def test_several_containers_of_one_alias_take_turns(docker: Cli, name: str, net: str) -> None:
    for number in range(3):
        serve(docker, f"{name}-{number}", "--network", net, "--network-alias", "pool")
    # By nslookup: getaddrinfo(3) sorts addresses by their likeness to its own.
    said = [docker("exec", f"{name}-0", "nslookup", "-type=a", "pool").succeeded().text for _ in range(30)]
    first = {next(line for line in text.splitlines() if line.startswith("Address: ")) for text in said}
    assert first == {f"Address: {address(docker, f'{name}-{number}', net)}" for number in range(3)}


def test_a_container_may_have_port_53(docker: Cli, name: str, net: str) -> None:
    serve(docker, name, "--network", net, port=53)
    assert fetch(docker, name, f"http://{name}:53/") == name


def test_connect_and_disconnect_while_running(docker: Cli, name: str, net: str) -> None:
    other = f"{name}-other"
    docker("network", "create", other).succeeded()
    try:
        a, b = f"{name}-a", f"{name}-b"
        serve(docker, a, "--network", net)
        serve(docker, b, "--network", other)
        assert fetch(docker, b, f"http://{a}/") == ""
        docker("network", "connect", "--alias", "late", net, b).succeeded()
        assert fetch(docker, b, f"http://{a}/") == a
        assert fetch(docker, a, "http://late/") == b
        assert docker("network", "connect", net, b).error.endswith(
            f"endpoint with name {b} already exists in network {net}"
        )
        docker("network", "disconnect", net, b).succeeded()
        assert fetch(docker, b, f"http://{a}/") == ""
        assert docker("network", "disconnect", net, b).code == 1
        # From the default bridge, which has no names, to one that has.
        plain = f"{name}-plain"
        serve(docker, plain)
        docker("network", "connect", net, plain).succeeded()
        assert fetch(docker, plain, f"http://{a}/") == a
    finally:
        for line in docker("ps", "-aq", "--filter", f"network={other}").lines:
            docker("rm", "-f", line)
        docker("network", "rm", other).succeeded()


def test_networks_are_apart(docker: Cli, name: str, net: str) -> None:
    """Neither by name nor by address; not from the default bridge either; from the host, yes."""
    other = f"{name}-other"
    docker("network", "create", other).succeeded()
    try:
        a, b, c = f"{name}-a", f"{name}-b", f"{name}-c"
        serve(docker, a, "--network", net)
        serve(docker, b, "--network", other)
        serve(docker, c)
        where = address(docker, a, net)
        assert fetch(docker, b, f"http://{where}/") == ""
        assert fetch(docker, c, f"http://{where}/") == ""
        assert get(f"http://{where}/") == a
    finally:
        for line in docker("ps", "-aq", "--filter", f"network={other}").lines:
            docker("rm", "-f", line)
        docker("network", "rm", other).succeeded()


def test_published_ports(docker: Cli, name: str, net: str) -> None:
    """From the host's addresses, from another container through the host, from a neighbour; the source is kept."""
    port, own = free_port(), free_port()
    publish = ("-p", f"{port}:80", "-p", f"127.0.0.1:{own}:80")
    serve(docker, name, "--network", net, *publish)
    serve(docker, f"{name}-b", "--network", net)
    with Neighbour() as neighbour:
        for host in ("127.0.0.1", neighbour.host):
            assert get(f"http://{host}:{port}/") == name, host
            assert fetch(docker, name, f"http://{neighbour.host}:{port}/") == name, "itself, through the host"
            assert fetch(docker, f"{name}-b", f"http://{neighbour.host}:{port}/") == name
        assert neighbour.get(f"http://{neighbour.host}:{port}/") == name
        assert get(f"http://127.0.0.1:{own}/") == name
        assert get(f"http://{neighbour.host}:{own}/") == ""
        assert neighbour.get(f"http://{neighbour.host}:{own}/") == ""
        # Who routes straight to the container reaches nothing that is not published, nor the machine's 127.0.0.1.
        neighbour.route(f"{address(docker, name, net)}/32")
        assert neighbour.get(f"http://{address(docker, name, net)}/") == ""
        neighbour.route("127.0.0.0/8")
        assert neighbour.get(f"http://127.0.0.1:{own}/") == ""
    assert docker("port", name, "80").succeeded().lines[0] == f"0.0.0.0:{port}"
    assert f"0.0.0.0:{port}->80/tcp" in docker("ps", "--filter", f"name={name}", "--format", "{{.Ports}}").text
    docker("rm", "-f", name).succeeded()
    with socket.socket() as sock:
        # Free again at once.
        sock.bind(("0.0.0.0", port))
    assert get(f"http://127.0.0.1:{port}/") == ""


def test_a_taken_port_names_who_has_it(docker: Cli, name: str) -> None:
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", 0))
        sock.listen()
        port = sock.getsockname()[1]
        said = docker("run", "-d", "--name", name, "-p", f"{port}:80", BASE, "true")
        assert said.code == 125
        assert f"{port}/tcp: address already in use" in said.error.replace(f"{port}::80/tcp", f"{port}/tcp")
        assert f"pid {os.getpid()}" in said.error


def test_any_port_ranges_and_publish_all(docker: Cli, api: Api, name: str) -> None:
    first = free_port()
    serve(docker, name, "-p", "80", "-p", f"{first}-{first + 20}:81", "--expose", "7000/udp", "-P")
    ports = api.request("GET", f"/containers/{name}/json").json["NetworkSettings"]["Ports"]
    assert set(ports) == {"80/tcp", "81/tcp", "7000/udp"}
    assert get(f"http://127.0.0.1:{ports['80/tcp'][0]['HostPort']}/") == name
    assert first <= int(ports["81/tcp"][0]["HostPort"]) <= first + 20


def test_a_udp_server_that_restarts_gets_the_next_packet(docker: Cli, name: str, net: str) -> None:
    """A client that goes on sending from one port is not led to where the server was before."""
    port = free_port()
    docker("run", "-d", "--name", name, "-p", f"{port}:9/udp", "--network", net, BASE, "sleep", "600").succeeded()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        for word in (b"before", b"after"):
            server = in_namespace(docker, name)
            server.settimeout(10)
            server.bind(("0.0.0.0", 9))
            sock.send(word)
            assert server.recv(100) == word
            server.close()
            # Another container takes its address meanwhile.
            docker("stop", "-t", "0", name).succeeded()
            docker("run", "-d", "--name", f"{name}-{word.decode()}", "--network", net, BASE, "sleep", "600").succeeded()
            docker("start", name).succeeded()


def test_internal_networks_stay_inside(docker: Cli, name: str) -> None:
    net = f"{name}-net"
    docker("network", "create", "--internal", net).succeeded()
    try:
        serve(docker, name, "--network", net)
        serve(docker, f"{name}-b", "--network", net)
        assert fetch(docker, name, f"http://{name}-b/") == f"{name}-b"
        assert "default" not in docker("exec", name, "ip", "route").text
        with Neighbour() as neighbour, neighbour.serving() as port:
            docker("exec", name, "ip", "route", "add", "default", "via", "0.0.0.0")
            assert fetch(docker, name, f"http://{neighbour.address}:{port}/") == ""
    finally:
        docker("rm", "-f", name, f"{name}-b")
        docker("network", "rm", net).succeeded()


def test_the_world_is_reached_with_the_hosts_address(docker: Cli, name: str, net: str) -> None:
    with Neighbour() as neighbour, neighbour.serving() as port:
        for network in (net, "bridge"):
            url = f"http://{neighbour.address}:{port}/"
            said = docker("run", "--rm", "--network", network, BASE, "wget", "-T", "2", "-qO-", url)
            assert said.succeeded().text == neighbour.host


def test_without_icc_containers_are_apart(docker: Cli, name: str) -> None:
    net = f"{name}-net"
    docker("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", net).succeeded()
    try:
        serve(docker, name, "--network", net)
        serve(docker, f"{name}-b", "--network", net)
        assert fetch(docker, f"{name}-b", f"http://{name}/") == ""
        assert get(f"http://{address(docker, name, net)}/") == name
    finally:
        docker("rm", "-f", name, f"{name}-b")
        docker("network", "rm", net).succeeded()


def test_addresses_that_are_asked_for(docker: Cli, api: Api, name: str) -> None:
    net = f"{name}-net"
    octet = os.getpid() % 200
    subnet = f"10.213.{octet}"
    options = ("--subnet", f"{subnet}.0/24", "--ip-range", f"{subnet}.128/25", "--gateway", f"{subnet}.1")
    docker("network", "create", *options, "--aux-address", f"router={subnet}.129", net).succeeded()
    try:
        docker("run", "-d", "--name", f"{name}-a", "--network", net, BASE, "sleep", "600").succeeded()
        # The range's own first address is nobody's name, so it may be given; the reserved one may not.
        assert address(docker, f"{name}-a", net) == f"{subnet}.128"
        docker("run", "-d", "--name", f"{name}-b", "--network", net, BASE, "sleep", "600").succeeded()
        assert address(docker, f"{name}-b", net) == f"{subnet}.130"
        wanted = ("--ip", f"{subnet}.77", "--mac-address", "02:42:aa:bb:cc:dd")
        docker("run", "-d", "--name", f"{name}-c", "--network", net, *wanted, BASE, "sleep", "600").succeeded()
        settings = api.request("GET", f"/containers/{name}-c/json").json["NetworkSettings"]["Networks"][net]
        assert settings["IPAddress"] == f"{subnet}.77"
        assert settings["MacAddress"] == "02:42:aa:bb:cc:dd"
        assert "02:42:aa:bb:cc:dd" in docker("exec", f"{name}-c", "ip", "link").text
        taken = docker("run", "--rm", "--name", f"{name}-d", "--network", net, "--ip", f"{subnet}.77", BASE, "true")
        assert "Address already in use" in taken.error
        assert "default via" in docker("exec", f"{name}-c", "ip", "route").text
    finally:
        docker("rm", "-f", *(f"{name}-{letter}" for letter in "abc"))
        docker("network", "rm", net).succeeded()


def test_ipv6(docker: Cli, name: str) -> None:
    net = f"{name}-net"
    docker("network", "create", "--ipv6", net).succeeded()
    try:
        serve(docker, name, "--network", net)
        docker("run", "-d", "--name", f"{name}-b", "--network", net, BASE, "sleep", "600").succeeded()
        inspected = json.loads(docker("network", "inspect", net).succeeded().text)[0]
        assert inspected["EnableIPv6"]
        assert [pool["Subnet"].startswith("fd") for pool in inspected["IPAM"]["Config"]] == [False, True]
        assert fetch(docker, f"{name}-b", f"http://{name}/") == name
        found = docker("exec", f"{name}-b", "nslookup", "-type=aaaa", name).succeeded().text
        assert "fd" in found
    finally:
        docker("rm", "-f", name, f"{name}-b")
        docker("network", "rm", net).succeeded()


def test_a_network_in_use_stays(docker: Cli, name: str, net: str) -> None:
    docker("run", "-d", "--name", name, "--network", net, BASE, "sleep", "600").succeeded()
    said = docker("network", "rm", net)
    assert said.code == 1
    assert f"network {net} has active endpoints" in said.error
    device = docker("network", "inspect", "-f", "{{slice .Id 0 12}}", net).text
    assert os.path.exists(f"/sys/class/net/br-{device}")
    docker("stop", "-t", "0", name).succeeded()
    assert net not in docker("network", "prune", "-f").succeeded().text, "a stopped container still belongs to it"


def test_a_network_that_cannot_be_made_leaves_nothing(docker: Cli, name: str, net: str) -> None:
    subnet = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", net).text
    device = f"bxx{os.getpid()}"
    called = ("-o", f"com.docker.network.bridge.name={device}")
    for options, words in (
        ((*called, "--subnet", subnet), "Pool overlaps with other one on this address space"),
        ((*called, "--subnet", "10.1.2.3/24"), "it should be 10.1.2.0/24"),
        (("-o", "com.docker.network.bridge.name=lo"), "is no bridge"),
        ((*called, "-o", "com.docker.network.driver.mtu=much"), 'parsing "much": invalid syntax'),
        (("-d", "swarmy"), 'plugin "swarmy" not found'),
    ):
        said = docker("network", "create", *options, f"{name}-x")
        assert said.code == 1
        assert words in said.error
        assert docker("network", "inspect", f"{name}-x").code == 1
    assert not os.path.exists(f"/sys/class/net/{device}")


def test_host_gateway(docker: Cli, name: str, net: str) -> None:
    """--add-host …:host-gateway leads to the host, as seen from the container."""
    with Neighbour() as neighbour:
        docker(
            "run", "-d", "--name", name, "--network", net, "--add-host", "outside:host-gateway", BASE, "sleep", "600"
        )
        gateway = docker("exec", name, "sh", "-c", "ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p'").text
        assert f"{gateway}\tout" in docker("exec", name, "cat", "/etc/hosts").text
        assert neighbour.host


HIDE = 'mount --bind /dev/null "$(ldconfig -p | sed -n "s/.*libnftables.so.1.*=> //p" | head -1)" && exec "$@"'


def test_without_nftables(image_archive: bytes, client_home: Path, tmp_path: Path) -> None:
    """Containers find each other all the same; what can't be had is said, and nothing is published in silence."""
    engine = Engine(through=("unshare", "-m", "--propagation", "private", "sh", "-c", HIDE, "sh")).start()
    try:
        engine.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        docker = docker_cli(client_home, engine.host, tmp_path)
        docker("network", "create", "apart").succeeded()
        serve(docker, "server", "--network", "apart")
        said = docker("run", "--rm", "--network", "apart", BASE, "wget", "-T", "2", "-qO-", "http://server/")
        assert said.succeeded().text == "server"
        refused = docker("run", "--rm", "-p", "80", BASE, "true")
        assert refused.code == 125
        assert "libnftables.so.1 is missing: apt install nftables" in refused.error
        assert "nothing outside of their networks" in docker("info").error
        docker("rm", "-f", "server").succeeded()
        docker("network", "rm", "apart").succeeded()
    finally:
        engine.close()
