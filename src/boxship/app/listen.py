"""The sockets that the API is served on."""

import grp
import ipaddress
import os
import socket

from boxship.app.config import UsageError
from boxship.runtime.launch import Launcher


async def open_listener(address: str, launcher: Launcher, group: str) -> socket.socket:
    """A listening socket for "unix:///path" or "tcp://address:port". UsageError, OSError.

    A unix socket is the zygote's: it keeps its inode over restarts of the daemon, because people bind-mount it into
    containers. group: who may connect besides root.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "unix" and os.path.isabs(rest):
        return await launcher.listener(rest, group=_group_id(group))
    if separator and scheme == "tcp":
        return _tcp(address, rest)
    raise UsageError(f"{address}: not an address to listen on; say unix:///path or tcp://127.0.0.1:port")


def _group_id(group: str) -> int:
    """The number of the socket's group; the default one need not be there."""
    try:
        return grp.getgrnam(group or "boxship").gr_gid
    except KeyError:
        if group:
            raise UsageError(f"there is no group {group}") from None
        return 0


def _tcp(address: str, rest: str) -> socket.socket:
    host, _, port = rest.rstrip("/").rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{address}: no port; say tcp://127.0.0.1:2375")
    try:
        ip = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(f"{address}: not an IP address") from None
    if not ip.is_loopback:
        raise UsageError(
            f"{address}: without TLS the API is served on the loopback only, because whoever reaches it is root here; "
            "use ssh -L, or DOCKER_HOST=ssh://…"
        )
    sock = socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((str(ip), int(port)))
    return sock
