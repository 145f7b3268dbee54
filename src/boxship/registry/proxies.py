"""Which proxy a request takes: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as Docker's daemon reads them (Go's
`http.ProxyFromEnvironment`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


@dataclass(frozen=True, slots=True, repr=False)
class Proxies:
    """Proxies by scheme, "" for none; exceptions: what NO_PROXY lists."""

    http: str = ""
    https: str = ""
    exceptions: tuple[str, ...] = ()

    def choose(self, scheme: str, host: str, port: int) -> str:
        """The URL of the proxy for a request to `host` (a name or an address without brackets); "" for none.

        The loopback is never asked through a proxy.
        """
        proxy = self.https if scheme == "https" else self.http
        return "" if not proxy or self._excepted(host.lower().rstrip("."), port) else proxy

    def _excepted(self, host: str, port: int) -> bool:
        address = _address(host)
        if host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback):
            return True
        return any(_matches(pattern, host, address, port) for pattern in self.exceptions)


DIRECT = Proxies()


def from_environment(environment: Mapping[str, str]) -> Proxies:
    """Read the variables, each in capitals first."""

    def read(name: str) -> str:
        return environment.get(name.upper()) or environment.get(name.lower()) or ""

    exceptions = tuple(word.strip().lower() for word in read("no_proxy").split(",") if word.strip())
    return Proxies(_url(read("http_proxy")), _url(read("https_proxy")), exceptions)


def _url(text: str) -> str:
    return text if not text or "://" in text else f"http://{text}"


def _address(host: str) -> IPv4Address | IPv6Address | None:
    import ipaddress

    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _matches(pattern: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    if pattern == "*":
        return True
    if address is not None and "/" in pattern:
        import ipaddress

        try:
            return address in ipaddress.ip_network(pattern, strict=False)
        except ValueError:
            return False
    name, colon, number = pattern.rpartition(":")
    if colon and number.isdigit() and (":" not in name or name.endswith("]")):
        if int(number) != port:
            return False
        pattern = name
    pattern = pattern.strip("[]")
    if address is not None:
        return _address(pattern) == address
    if pattern.startswith("*."):
        pattern = pattern[1:]
    # ".example.org" means what is below it, "example.org" that and itself.
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern or host.endswith(f".{pattern}")
