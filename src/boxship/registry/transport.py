"""HTTP to registries: pools of connections with the right certificates and the right proxy. One request, one answer:
no redirect is followed here and nothing is tried again.
"""

import socket
import ssl
import threading
import warnings
import weakref
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from boxship import __version__
from boxship.lib.errors import InvalidParameter
from boxship.registry.config import RegistryConfig
from boxship.registry.errors import Aborted, Unreachable
from boxship.registry.faults import translate
from boxship.registry.pace import CONNECT_WAIT, HEAD_WAIT, PacedHTTPPool, PacedHTTPSPool

Body = bytes | Iterable[bytes]
Answer = BaseHTTPResponse

AGENT = f"boxship/{__version__}"
_PORTS = {"http": 80, "https": 443}
_CONNECTIONS = 16


class Transport:
    """The connections of one operation. Any thread may use it; `abort` ends what waits in others."""

    def __init__(self, config: RegistryConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str, bool], PoolManager] = {}
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._aborted = threading.Event()

    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | None = None,
        size: int | None = None,
        verify: bool = True,
        shown: str = "",
    ) -> Answer:
        """Send a request; its answer, whose body is still to be read (and closed).

        size: bytes of a body that is an iterable; None to send it in chunks. verify: whether the certificate must be
        good. shown: the URL for messages, where it is another. Unreachable, Aborted; InvalidParameter for
        certificates of ours that can't be used.
        """
        if self._aborted.is_set():
            raise Aborted("the operation was broken off", url=url)
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            scheme, host, port = "", "", 0
        if scheme not in _PORTS or not host or not port:
            raise Unreachable(f'{method.capitalize()} "{url}": unsupported protocol scheme or no host', url=url)
        pool = self._pool(scheme, host, port, verify)
        told = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
        if size is not None:
            told["Content-Length"] = str(size)
        try:
            return pool.urlopen(
                method,
                url,
                headers=told,
                body=body,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                chunked=body is not None and not isinstance(body, bytes) and size is None,
            )
        except (HTTPError, OSError, ValueError) as error:
            if self._aborted.is_set():
                raise Aborted("the operation was broken off", url=url) from None
            raise translate(error, method, shown or url, host, port) from error

    def abort(self) -> None:
        """End all requests, also those that wait in other threads; each later one is refused."""
        self._aborted.set()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            sock = connection.sock
            if sock is not None:
                try:
                    # Not SSLSocket's own, which would drop the codec under a reader's feet.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
                except (OSError, TypeError):
                    pass

    def pause(self, seconds: float) -> None:
        """Wait. Aborted when `abort` comes first."""
        if self._aborted.wait(seconds):
            raise Aborted("the operation was broken off")

    @property
    def aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._aborted.is_set()

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.clear()

    def _pool(self, scheme: str, host: str, port: int, verify: bool) -> PoolManager:
        proxy = self._config.proxies.choose(scheme, host, port)
        authority = f"[{host}]" if ":" in host else host
        authority += "" if port == _PORTS[scheme] else f":{port}"
        key = (f"{scheme}://{authority}", proxy, verify)
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = self._new_pool(scheme, authority, proxy, verify)
            return pool

    def _new_pool(self, scheme: str, authority: str, proxy: str, verify: bool) -> PoolManager:
        told: dict[str, Any] = {
            "maxsize": _CONNECTIONS,
            "timeout": Timeout(connect=CONNECT_WAIT, read=HEAD_WAIT),
            "blocksize": 1 << 20,
        }
        if scheme == "https":
            told["ssl_context"] = tls_context(self._config, authority, verify)
            told["cert_reqs"] = "CERT_REQUIRED" if verify else "CERT_NONE"
        if proxy:
            pool: PoolManager = _proxied(proxy, told)
        else:
            pool = PoolManager(**told)
        transport = weakref.ref(self)

        def remember(connection: Any) -> None:
            if (alive := transport()) is not None:
                with alive._lock:
                    alive._connections.add(connection)

        http = type("_Pool", (PacedHTTPPool,), {"on_connection": staticmethod(remember)})
        https = type("_SecurePool", (PacedHTTPSPool,), {"on_connection": staticmethod(remember)})
        pool.pool_classes_by_scheme = {"http": http, "https": https}
        return pool


def _proxied(proxy: str, told: dict[str, Any]) -> ProxyManager:
    parts = urlsplit(proxy)
    if parts.scheme not in _PORTS:
        raise InvalidParameter(f"the proxy {parts.hostname or proxy} can't be used: {parts.scheme}:// is not supported")
    headers = None
    if parts.username:
        headers = make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    netloc = parts.netloc.rpartition("@")[2]
    return ProxyManager(f"{parts.scheme}://{netloc}", proxy_headers=headers, **told)


def tls_context(config: RegistryConfig, host: str, verify: bool) -> ssl.SSLContext:
    """TLS 1.2 or later, the system's authorities and those of `host`. InvalidParameter for files that can't be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    certificates = config.certificates(host)
    what = ""
    try:
        if verify:
            context.load_default_certs()
            for what in certificates.ca:
                context.load_verify_locations(what)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        for what, key in certificates.pairs:
            context.load_cert_chain(what, key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise InvalidParameter(f"cannot use {what} for the registry {host}: {reason}") from None
    return context


# Whoever configured a certificate that nobody checks knows.
warnings.simplefilter("ignore", InsecureRequestWarning)
