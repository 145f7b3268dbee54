"""What the daemon is told about registries: mirrors, plain HTTP, certificates, proxies. Plain values, no network
library: this is read at every start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boxship.lib.errors import InvalidParameter
from boxship.model.reference import DEFAULT_DOMAIN, LEGACY_DOMAIN
from boxship.registry.certificates import Certificates, in_folders
from boxship.registry.limits import PATIENT, Patience
from boxship.registry.proxies import DIRECT, Proxies

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

HUB = "registry-1.docker.io"
"""The host that answers for docker.io."""
CERTIFICATE_FOLDERS = ("/etc/boxship/certs.d", "/etc/docker/certs.d")


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What is set for one registry.

    mirrors: URLs or hosts that are asked first when something is pulled. insecure: take any certificate, and plain
    HTTP where there is no TLS. plain_http: never try TLS. ca, cert, key: files. realms: URLs of token servers that may
    be given credentials although the registry's own word is not enough (see tokens.py).
    """

    mirrors: tuple[str, ...] = ()
    insecure: bool = False
    plain_http: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    realms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place that answers for a registry.

    urls: what to try in order, without a path below /v2/. host: for certificates and messages. verify: whether its
    certificate must be good. own: the registry itself, which alone gets its credentials and takes pushes.
    """

    urls: tuple[str, ...]
    host: str
    verify: bool
    own: bool
    realms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """All of it. hosts: by "host" or "host:port", "docker.io" for Docker Hub. hub_mirrors: --registry-mirror.
    insecure: --insecure-registry: hosts, hosts with a port, or networks as 10.0.0.0/8.
    """

    hosts: dict[str, HostSettings] = field(default_factory=dict)
    hub_mirrors: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    certificate_folders: tuple[str, ...] = CERTIFICATE_FOLDERS
    proxies: Proxies = DIRECT
    patience: Patience = PATIENT

    def settings(self, host: str) -> HostSettings:
        """What is set for `host`; the defaults where nothing is."""
        return self.hosts.get(host) or HostSettings()

    def endpoints(self, host: str) -> list[Endpoint]:
        """Where to ask for what lies in registry `host`: its mirrors, then itself. Looks names up."""
        mirrors = self.settings(host).mirrors + (self.hub_mirrors if host == DEFAULT_DOMAIN else ())
        return [self._mirror(mirror) for mirror in mirrors] + [self.own(host)]

    def own(self, host: str) -> Endpoint:
        """The registry itself. Looks its name up."""
        settings = self.settings(host)
        if host in (DEFAULT_DOMAIN, LEGACY_DOMAIN):
            return Endpoint((f"https://{HUB}",), HUB, True, True, settings.realms)
        insecure, loopback = self._insecure(host)
        if settings.plain_http:
            return Endpoint((f"http://{host}",), host, False, True, settings.realms)
        if insecure or loopback:
            # Whoever gives the loopback a certificate to check wants it checked.
            verify = loopback and not insecure and bool(settings.ca or self.certificates(host).ca)
            return Endpoint((f"https://{host}", f"http://{host}"), host, verify, True, settings.realms)
        return Endpoint((f"https://{host}",), host, True, True, settings.realms)

    def certificates(self, host: str) -> Certificates:
        """The files of TLS for `host`, of the configuration and of the folders. InvalidParameter for half a pair."""
        settings = self.settings(host)
        found = in_folders(self.certificate_folders, host)
        pairs = ((settings.cert, settings.key),) if settings.cert else ()
        return Certificates((*((settings.ca,) if settings.ca else ()), *found.ca), (*pairs, *found.pairs))

    def is_insecure(self, host: str) -> bool:
        """Whether somebody said so, or it is on the loopback. Looks its name up."""
        return self.settings(host).plain_http or any(self._insecure(host))

    def _mirror(self, text: str) -> Endpoint:
        scheme, separator, rest = text.partition("://")
        host = (rest if separator else text).rstrip("/")
        authority, _, path = host.partition("/")
        own = self.own(authority)
        urls = (f"{scheme}://{authority}",) if separator else own.urls
        if path:
            urls = tuple(f"{url}/{path}" for url in urls)
        return Endpoint(urls, authority, own.verify, False)

    def _insecure(self, host: str) -> tuple[bool, bool]:
        name = hostname(host)
        if self.settings(host).insecure or host in self.insecure or name in self.insecure:
            return True, False
        networks = [network for text in self.insecure if (network := _network(text)) is not None]
        addresses = _addresses(name)
        if any(address in network for network in networks for address in addresses):
            return True, False
        return False, bool(addresses) and all(address.is_loopback for address in addresses)


def hostname(host: str) -> str:
    """The name or the address of host:port, without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _network(text: str) -> IPv4Network | IPv6Network | None:
    import ipaddress

    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _addresses(name: str) -> list[IPv4Address | IPv6Address]:
    import ipaddress
    import socket

    try:
        return [ipaddress.ip_address(name)]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def check_mirror(text: str) -> None:
    """InvalidParameter, in Docker's words, for what is no mirror."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme not in ("http", "https"):
        raise InvalidParameter(
            f"invalid mirror: unsupported scheme \"{scheme}\" in \"{text}\": must use either 'https://' or 'http://'"
        )
    if (separator and not rest) or not text:
        raise InvalidParameter(f'invalid mirror: "{text}" is not a valid URI')
    if "@" in text:
        raise InvalidParameter("invalid mirror: username/password not allowed in URI")
    if "?" in text or "#" in text:
        raise InvalidParameter("invalid mirror: query or fragment at end of the URI")


_KINDS: dict[str, Callable[[Any], bool]] = {
    "mirrors": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "realms": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "insecure": lambda value: isinstance(value, bool),
    "plain_http": lambda value: isinstance(value, bool),
    "ca": lambda value: isinstance(value, str),
    "cert": lambda value: isinstance(value, str),
    "key": lambda value: isinstance(value, str),
}


def host_settings(host: str, table: Any) -> HostSettings:
    """What the configuration file says of one registry: a table, keys with dashes. InvalidParameter."""
    where = f'registry."{host}"'
    if not isinstance(table, dict):
        raise InvalidParameter(f"{where}: not a table")
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _KINDS:
            known = ", ".join(known.replace("_", "-") for known in _KINDS)
            raise InvalidParameter(f"{where}: {key}: unknown key (known are {known})")
        if not _KINDS[name](value):
            raise InvalidParameter(f"{where}: {key}: not of its type")
        values[name] = tuple(value) if isinstance(value, list) else value
    settings = HostSettings(**values)
    if bool(settings.cert) != bool(settings.key):
        raise InvalidParameter(f"{where}: cert and key go together")
    for mirror in settings.mirrors:
        check_mirror(mirror)
    return settings
