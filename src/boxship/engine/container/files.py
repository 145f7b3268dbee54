"""The three files that the engine gives every container: hostname, hosts, resolv.conf.

The texts are pure functions; `write_files` puts them under the container's folder before each start.
"""

import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boxship.engine.container.validate import extra_host
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import ContainerRecord
from boxship.model.network import Endpoint
from boxship.network.host import RESOLVER

_HOSTS = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::", "ip6-localnet"),
    ("ff00::", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
)

_HOST_HOSTS = "/etc/hosts"
_HOST_RESOLV = "/etc/resolv.conf"
# systemd-resolved writes its stub's address into the first file and the real servers into the second.
_RESOLVED = "/run/systemd/resolve/resolv.conf"
_PUBLIC_SERVERS = ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844")


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """Absolute paths, as `docker inspect` shows them."""

    hostname: str
    hosts: str
    resolv_conf: str


def network_files(folder: str) -> NetworkFiles:
    """Where the files of the container with this folder lie."""
    return NetworkFiles(*(f"{folder}/{name}" for name in ("hostname", "hosts", "resolv.conf")))


def write_files(record: ContainerRecord, folder: str, endpoints: Sequence[Endpoint] = ()) -> NetworkFiles:
    """Write the three files (blocks; not durable: each start writes them again)."""
    files = network_files(folder)
    os.makedirs(folder, mode=0o710, exist_ok=True)
    _write(files.hostname, f"{record.config.hostname}\n")
    base = _read(_HOST_HOSTS) if record.host.network_mode == "host" else ""
    _write(files.hosts, hosts_text(record.host, base, own_lines(record.config, endpoints), gateway(endpoints)))
    resolver = RESOLVER if any(one.resolver for one in endpoints) else ""
    _write(files.resolv_conf, resolv_text(record.host, _host_resolv(record.host), resolver))
    return files


def hosts_text(host: HostConfig, base: str = "", own: Sequence[str] = (), gateway: str = "") -> str:
    """/etc/hosts: the machine's own names, every `--add-host`, the container itself.

    base: the host's text where the container shares its network; it stands as it is, unless names are added.
    own: lines of the container itself. gateway: what "host-gateway" means, "" for nothing.
    """
    if base and not host.extra_hosts:
        return base
    lines = [f"{address}\t{names}" for address, names in _HOSTS]
    for entry in host.extra_hosts or ():
        name, address = extra_host(entry)
        if address == "host-gateway":
            address = gateway
        if address:
            lines.append(f"{address}\t{name}")
    lines += own
    return "\n".join(lines) + "\n"


def own_lines(config: ContainerConfig, endpoints: Sequence[Endpoint]) -> list[str]:
    """The container's addresses and its own names, as /etc/hosts has them."""
    names = config.hostname
    if config.domainname:
        names = f"{config.hostname}.{config.domainname} {config.hostname}"
    addresses = [address for one in endpoints for address in (one.ipv4, one.ipv6) if address]
    return [f"{address}\t{names}" for address in addresses]


def gateway(endpoints: Sequence[Endpoint]) -> str:
    """The host as the container reaches it: the first gateway."""
    return next((one.gateway4 or one.gateway6 for one in endpoints if one.gateway4 or one.gateway6), "")


def resolv_text(host: HostConfig, base: str, resolver: str = "") -> str:
    """/etc/resolv.conf (resolv.conf(5)) from the host's text `base`; --dns, --dns-search and --dns-option replace
    what it says.

    Unless the container shares the host's network, servers on the host's loopback are left out: nobody would
    answer there. When none is left, public ones stand in, as Docker does it. resolver: the one of the container's own
    that asks all those servers; names without a dot are for it, too (ndots:0).
    """
    servers: list[str] = []
    search: list[str] = []
    options: list[str] = []
    others: list[str] = []
    for line in base.splitlines():
        key, _, value = line.strip().partition(" ")
        match key:
            case "nameserver":
                servers += value.split()[:1]
            case "search" | "domain":
                search = value.split()
            case "options":
                options += value.split()
            case _ if key and key[0] not in "#;":
                others.append(line.strip())
    servers = list(host.dns or ()) or servers
    if host.network_mode != "host":
        servers = list(_routable(servers)) or list(_PUBLIC_SERVERS[:2])
    search = [name for name in (host.dns_search or search) if name != "."]
    options = list(host.dns_options or ()) or options
    if resolver:
        servers = [resolver]
        if not any(option.startswith("ndots:") for option in options):
            options.append("ndots:0")
    lines = ["# Made by Boxship from the host's file; made again at each start.", ""]
    lines += [f"nameserver {server}" for server in servers]
    lines += [f"search {' '.join(search)}"] if search else []
    lines += [f"options {' '.join(options)}"] if options else []
    return "\n".join([*lines, *others]) + "\n"


def host_servers() -> list[str]:
    """The name servers that the host itself asks, those on its loopback included (reads a file)."""
    lines = [line.split() for line in _read(_HOST_RESOLV).splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"] or list(_PUBLIC_SERVERS[:2])


def default_hostname(config: ContainerConfig, host: HostConfig, container_id: str) -> str:
    """The name that was asked for, else the host's where the container shares its network, else the short id."""
    if config.hostname:
        return config.hostname
    if host.network_mode == "host":
        return os.uname().nodename
    return container_id[:12]


def _routable(servers: Iterable[str]) -> Iterable[str]:
    for server in servers:
        try:
            if ipaddress.ip_address(server.partition("%")[0]).is_loopback:
                continue
        except ValueError:
            continue
        yield server


def _host_resolv(host: HostConfig) -> str:
    text = _read(_HOST_RESOLV)
    # Only the stub on 127.0.0.53: the servers behind it are in resolved's own file.
    if host.network_mode != "host" and "127.0.0.53" in text and (behind := _read(_RESOLVED)):
        return behind
    return text


def _read(path: str) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            return (file.readall() or b"").decode("utf-8", "replace")
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    # In place: a bind mount of an earlier run may still show this inode.
    # By the bare calls, here and below: a file object asks the kernel five things more, and this is done at each start.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        data = memoryview(text.encode())
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)
