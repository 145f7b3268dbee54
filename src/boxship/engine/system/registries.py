"""What `docker info` tells of registries and proxies."""

from typing import Any

from boxship.model.reference import DEFAULT_DOMAIN
from boxship.registry.config import RegistryConfig

_LOOPBACK = ("::1/128", "127.0.0.0/8")


def registries(config: RegistryConfig) -> dict[str, Any]:
    """The RegistryConfig of `GET /info`."""
    hub = [f"{mirror.rstrip('/')}/" for mirror in (*config.settings(DEFAULT_DOMAIN).mirrors, *config.hub_mirrors)]
    networks = [text for text in config.insecure if "/" in text]
    hosts = {text: False for text in config.insecure if "/" not in text}
    hosts |= {
        host: not (settings.insecure or settings.plain_http)
        for host, settings in config.hosts.items()
        if host != DEFAULT_DOMAIN
    }
    indexes = {
        host: _index(host, list(config.settings(host).mirrors), secure=secure, official=False)
        for host, secure in hosts.items()
    }
    return {
        "IndexConfigs": {**indexes, DEFAULT_DOMAIN: _index(DEFAULT_DOMAIN, hub, secure=True, official=True)},
        "InsecureRegistryCIDRs": [*_LOOPBACK, *networks],
        "Mirrors": hub or None,
    }


def proxies(config: RegistryConfig) -> dict[str, str]:
    """The proxies, without their passwords."""
    told = config.proxies
    return {
        "HttpProxy": _masked(told.http),
        "HttpsProxy": _masked(told.https),
        "NoProxy": ",".join(told.exceptions),
    }


def _index(name: str, mirrors: list[str], *, secure: bool, official: bool) -> dict[str, Any]:
    return {"Mirrors": mirrors, "Name": name, "Official": official, "Secure": secure}


def _masked(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if "@" not in authority:
        return url
    return f"{scheme}{separator}xxxxx:xxxxx@{authority.rpartition('@')[2]}{slash}{path}"
