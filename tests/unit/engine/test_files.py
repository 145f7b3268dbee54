"""hosts and resolv.conf."""

from boxship.engine.container.files import default_hostname, hosts_text, resolv_text
from boxship.model.config import ContainerConfig, HostConfig

BASE = """\
# the host's
nameserver 127.0.0.53
nameserver 192.0.2.1
nameserver ::1
search corp.example lan
options edns0 trust-ad
"""


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_hosts() -> None:
    text = hosts_text(HostConfig(extra_hosts=["db:192.0.2.7", "six:2001:db8::1", "gate:host-gateway"]))
    assert text.startswith("127.0.0.1\tlocalhost\n")
    assert text.endswith("192.0.2.7\tdb\n2001:db8::1\tsix\n")


def test_the_hosts_network_has_the_hosts_names() -> None:
    text = "127.0.0.1 localhost\n10.0.0.7 vm # and so on\n"
    assert hosts_text(HostConfig(network_mode="host"), text) == text
    added = hosts_text(HostConfig(network_mode="host", extra_hosts=["foo:1.2.3.4"]), text)
    assert "10.0.0.7" not in added and added.endswith("1.2.3.4\tfoo\n")
    assert hosts_text(HostConfig(network_mode="host"), "").startswith("127.0.0.1\tlocalhost\n")


def test_loopback_servers_are_left_out() -> None:
    assert _lines(resolv_text(HostConfig(network_mode="bridge"), BASE)) == [
        "nameserver 192.0.2.1",
        "search corp.example lan",
        "options edns0 trust-ad",
    ]


def test_the_hosts_network_keeps_them() -> None:
    text = resolv_text(HostConfig(network_mode="host"), BASE)
    assert "nameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver ::1\n" in text


def test_public_servers_stand_in() -> None:
    assert _lines(resolv_text(HostConfig(network_mode="none"), "nameserver 127.0.0.1\n")) == [
        "nameserver 8.8.8.8",
        "nameserver 8.8.4.4",
    ]


def test_flags_replace_what_the_host_says() -> None:
    host = HostConfig(network_mode="none", dns=["9.9.9.9"], dns_search=["s.t"], dns_options=["ndots:2"])
    assert _lines(resolv_text(host, BASE)) == ["nameserver 9.9.9.9", "search s.t", "options ndots:2"]


def test_a_dot_clears_the_search_list() -> None:
    assert "search" not in resolv_text(HostConfig(dns_search=["."]), BASE)


def test_hostnames() -> None:
    container_id = "0123456789abcdef" * 4
    assert default_hostname(ContainerConfig(hostname="web"), HostConfig(), container_id) == "web"
    assert default_hostname(ContainerConfig(), HostConfig(), container_id) == "0123456789ab"
    assert default_hostname(ContainerConfig(), HostConfig(network_mode="host"), container_id) != "0123456789ab"
