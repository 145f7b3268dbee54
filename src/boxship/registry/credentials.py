"""Who we are to a registry, as clients send it: `X-Registry-Auth` and `X-Registry-Config` (Docker Engine API)."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from boxship.lib.errors import InvalidParameter
from boxship.model.reference import DEFAULT_DOMAIN

HUB_KEY = "https://index.docker.io/v1/"
"""Under which name Docker's clients keep what belongs to Docker Hub."""
TOKEN_USER = "<token>"
"""The user's name that says that the password is an identity token."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A name and a password, or a token in their place; all "" for nobody.

    identity_token: is exchanged for access tokens (OAuth2's refresh token). registry_token: an access token
    itself, sent as it is. server_address: the registry they are for, "" when the client does not say.
    """

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""
    server_address: str = ""

    def __bool__(self) -> bool:
        return bool(self.username or self.password or self.identity_token or self.registry_token)

    def __repr__(self) -> str:
        return f"Credentials({'of ' + self.username if self.username else 'given' if self else 'none'})"


NOBODY = Credentials()


def from_header(text: str) -> Credentials:
    """The value of X-Registry-Auth: JSON in URL-safe base64. InvalidParameter when it is neither."""
    if not text:
        return NOBODY
    return from_document(_decode(text, "X-Registry-Auth"), "X-Registry-Auth")


def from_config_header(text: str) -> dict[str, Credentials]:
    """The value of X-Registry-Config: credentials by registry, as `config.json` has them. InvalidParameter."""
    value = _decode(text, "X-Registry-Config") if text else {}
    found = {}
    for key, document in value.items():
        found[host_of(key)] = from_document(document if isinstance(document, dict) else {}, "X-Registry-Config")
    return found


def from_document(value: dict[str, Any], where: str) -> Credentials:
    """An AuthConfig of Docker's API; keys in any case, as Go reads them. InvalidParameter."""
    fields = {str(key).lower(): field for key, field in value.items()}

    def text(key: str) -> str:
        field = fields.get(key)
        if field is not None and not isinstance(field, str):
            raise InvalidParameter(f"invalid {where} header: {key} is no text")
        return field or ""

    username, password = text("username"), text("password")
    if not username and not password and text("auth"):
        username, password = decode_auth(text("auth"))
    address = text("serveraddress")
    return Credentials(username, password, text("identitytoken"), text("registrytoken"), address)


def decode_auth(text: str) -> tuple[str, str]:
    """User and password of an `auth` in config.json: base64 of user:password. InvalidParameter."""
    try:
        plain = base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        raise InvalidParameter("invalid auth configuration: auth is not base64") from None
    user, colon, password = plain.partition(":")
    if not colon:
        raise InvalidParameter("invalid auth configuration file")
    return user, password.rstrip("\0")


def host_of(key: str) -> str:
    """The registry that a key of config.json means: `https://index.docker.io/v1/` is Docker Hub's."""
    host = key.partition("://")[2] or key
    host = host.partition("/")[0]
    return DEFAULT_DOMAIN if host in ("index.docker.io", "registry-1.docker.io", DEFAULT_DOMAIN) else host


def _decode(text: str, header: str) -> dict[str, Any]:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        value = json.loads(base64.b64decode(padded.replace("+", "-").replace("/", "_"), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidParameter(f"invalid {header} header: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidParameter(f"invalid {header} header: it is no JSON object")
    return value
