"""Where the engine is: -H, the environment, docker's contexts, or the default socket."""

import os

from boxship.lib.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_SOCKET = "/run/boxship/boxship.sock"
DEFAULT_PORT = 2375
DEFAULT_TLS_PORT = 2376


class TlsFiles:
    """What TLS needs: paths of PEM files. cert, key: ours, "" for none. verify: the engine's must be signed by ca."""

    __slots__ = ("ca", "cert", "key", "verify")

    def __init__(self, ca: str, cert: str, key: str, *, verify: bool) -> None:
        self.ca = ca
        self.cert = cert
        self.key = key
        self.verify = verify


class Host:
    """An engine's address.

    url: as it is shown to people. address: a path, or (host, port). name: for the Host header. default: nobody
    asked for this one. prefix: a path before every target (tcp://host:port/path). tls: over TCP, None for plain.
    """

    __slots__ = ("address", "default", "name", "prefix", "tls", "url")

    def __init__(
        self,
        url: str,
        address: str | tuple[str, int],
        name: str = "localhost",
        *,
        prefix: str = "",
        default: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        self.url = url
        self.address = address
        self.name = name
        self.prefix = prefix
        self.default = default
        self.tls = tls


def find(option: str | None, config: "dict[str, Any]", context: str | None = None, tls: TlsFiles | None = None) -> Host:
    """The host by the order that Docker keeps: -H; --context; DOCKER_CONTEXT; the config file's context.

    BOXSHIP_HOST and DOCKER_HOST stand before any context that was not asked for by --context.
    config: the config file's content. tls: asked for; a unix socket needs none, and a context may have its own.
    InvalidParameter.
    """
    if option:
        return parse(option, tls)
    if context:
        return _of_context(context, tls)
    given = os.environ.get("BOXSHIP_HOST") or os.environ.get("DOCKER_HOST")
    if given:
        return parse(given, tls)
    named = os.environ.get("DOCKER_CONTEXT") or config.get("currentContext")
    if named and named != "default":
        return _of_context(named, tls)
    return Host(f"unix://{DEFAULT_SOCKET}", DEFAULT_SOCKET, default=True)


def parse(url: str, tls: TlsFiles | None = None) -> Host:
    """`unix:///path`, `tcp://host:port`, `host:port` or a path. InvalidParameter."""
    url = url.strip()
    scheme, found, rest = url.partition("://")
    if not found:
        return parse(f"unix://{url}" if url.startswith("/") else f"tcp://{url}", tls)
    if scheme == "unix":
        if not rest:
            return Host(f"unix://{DEFAULT_SOCKET}", DEFAULT_SOCKET, default=True)
        return Host(url, rest)
    if scheme in ("tcp", "http"):
        authority, slash, path = rest.partition("/")
        host, port = _authority(authority, url)
        address = host, port or (DEFAULT_TLS_PORT if tls else DEFAULT_PORT)
        return Host(url, address, authority or host, prefix=f"/{path}".rstrip("/") if slash else "", tls=tls)
    raise InvalidParameter(f"{url}: the engine is reached by unix:// or tcp://, not by {scheme}://")


def _authority(text: str, url: str) -> tuple[str, int]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise InvalidParameter(f'invalid host {url}: "{port}" is not a port')
    return host or "127.0.0.1", int(port) if port else 0


def config_folder() -> str:
    """The folder of docker's client configuration."""
    return os.environ.get("DOCKER_CONFIG") or f"{os.environ.get('HOME') or '/root'}/.docker"


def _of_context(name: str, tls: TlsFiles | None) -> Host:
    """The endpoint of a docker context, from its meta.json, and its certificates."""
    if name == "default":
        return Host(f"unix://{DEFAULT_SOCKET}", DEFAULT_SOCKET, default=True)
    from hashlib import sha256

    from boxship.lib.plainjson import decode

    digest = sha256(name.encode()).hexdigest()
    path = f"{config_folder()}/contexts/meta/{digest}/meta.json"
    try:
        with open(path, "rb") as file:
            endpoint = decode(file.read())["Endpoints"]["docker"]
        url = endpoint["Host"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidParameter(
            f'context "{name}": context not found: open {path}: no such file or directory'
            "\n  the engine can be named instead:  -H unix:///path/to.sock"
        ) from None
    folder = f"{config_folder()}/contexts/tls/{digest}/docker"
    if os.path.isdir(folder):
        ca, cert, key = (
            path if os.path.exists(path := f"{folder}/{each}.pem") else "" for each in ("ca", "cert", "key")
        )
        tls = TlsFiles(ca, cert, key, verify=not endpoint.get("SkipTLSVerify"))
    return parse(url, tls)
