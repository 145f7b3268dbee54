"""Who a request says we are to registries."""

from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.registry.credentials import NOBODY, Credentials, from_header


def credentials_of(request: Request) -> Credentials:
    """X-Registry-Auth; nobody when it is missing or can't be read, as with Docker: the registry has the last word."""
    try:
        return from_header(request.headers.get("x-registry-auth", ""))
    except InvalidParameter:
        return NOBODY
