"""Who may ask over TCP.

A port on the loopback can be reached by every web page that a browser on this machine shows: by a form, by a script,
or by a name that the page's owner lets point at 127.0.0.1 (DNS rebinding). Such requests give themselves away by
their Origin or their Host. With client certificates the Host may be any: a client has made sure then that the name is
in the daemon's certificate, so nobody else's name gets it there. A page's Origin is refused all the same: a browser
may have the person's certificate.
"""

from boxship.http.request import Request
from boxship.lib.errors import Forbidden

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_source(request: Request) -> None:
    """Forbidden for a request over TCP that names another host, or that a web page sent."""
    if not request.over_tcp:
        return
    host = request.headers.get("host", "")
    if not request.client_verified and _without_port(host) not in _LOOPBACK:
        raise Forbidden(f'requests over TCP must be for localhost, not for "{host}"')
    origin = request.headers.get("origin", "")
    if origin and _without_port(origin.partition("://")[2]) not in _LOOPBACK:
        raise Forbidden(f'requests from web pages are refused (Origin "{origin}")')


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
