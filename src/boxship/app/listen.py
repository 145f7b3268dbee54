"""The sockets that the API is served on."""

import grp
import ipaddress
import os
import socket
from typing import TYPE_CHECKING

from boxship.app.config import DaemonConfig, UsageError
from boxship.runtime.launch import Launcher

if TYPE_CHECKING:
    import ssl


async def open_listener(address: str, launcher: Launcher, config: DaemonConfig) -> socket.socket:
    """A listening socket for "unix:///path" or "tcp://address:port". UsageError, OSError.

    A unix socket is the zygote's: it keeps its inode over restarts of the daemon, because people bind-mount it into
    containers; the configured group may connect besides root.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "unix" and os.path.isabs(rest):
        return await launcher.listener(rest, group=_group_id(config.group))
    if separator and scheme == "tcp":
        return _tcp(address, rest, config)
    raise UsageError(f"{address}: not an address to listen on; say unix:///path or tcp://127.0.0.1:port")


def tls_context(config: DaemonConfig) -> "ssl.SSLContext | None":
    """What TCP listeners speak; None when TLS was not asked for, or there is no such listener. UsageError."""
    asked = config.tls or config.tlsverify
    if not asked or not any(address.startswith("tcp://") for address in config.addresses()):
        return None
    # Only now: it brings OpenSSL in (app/lean.py).
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # No tickets: clients keep their connections, and a certificate is looked at for each.
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    where = f"--tlscert {config.tlscert}, --tlskey {config.tlskey}"
    try:
        context.load_cert_chain(config.tlscert, config.tlskey, _no_password)
        if config.tlsverify:
            where = f"--tlscacert {config.tlscacert}"
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(config.tlscacert)
    except ssl.SSLError as error:
        why = error.reason.lower().replace("_", " ") if error.reason else "no PEM file"
        raise UsageError(f"{where}: {why}") from None
    except OSError as error:
        raise UsageError(f"{where}: {error.strerror or error}") from None
    return context


def _no_password() -> str:
    raise UsageError("the key of --tlskey is encrypted: a daemon can't ask for its password; give it a plain one")


def _group_id(group: str) -> int:
    """The number of the socket's group; the default one need not be there."""
    try:
        return grp.getgrnam(group or "boxship").gr_gid
    except KeyError:
        if group:
            raise UsageError(f"there is no group {group}") from None
        return 0


def _tcp(address: str, rest: str, config: DaemonConfig) -> socket.socket:
    host, _, port = rest.rstrip("/").rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65535:
        usual = 2376 if config.tls or config.tlsverify else 2375
        raise UsageError(f"{address}: no port; say tcp://{host}:{usual}")
    try:
        ip = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(f"{address}: not an IP address") from None
    if not ip.is_loopback and not config.tlsverify:
        lacking = "TLS that lets any client in is" if config.tls else "without TLS the API is"
        raise UsageError(
            f"{address}: {lacking} served on the loopback only, because whoever reaches it is root here; "
            "use --tlsverify with certificates for clients, ssh -L, or DOCKER_HOST=ssh://…"
        )
    sock = socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((str(ip), int(port)))
    return sock
