"""By which name a registry's credentials are kept. Pure."""

HUB = "https://index.docker.io/v1/"
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")


def hostname(address: str) -> str:
    """The host of an address: `https://host:1/v1/` is `host:1`."""
    for scheme in ("http://", "https://"):
        address = address.removeprefix(scheme)
    return address.partition("/")[0]


def key_of(domain: str) -> str:
    """The key in config.json of a reference's domain: Docker Hub has one of its own."""
    return HUB if domain in _HUB_NAMES else domain
