"""Proving who we are: Basic, and Bearer tokens of a token server (distribution, "Token Authentication" and
"OAuth2 Token Authentication").

Where credentials go: to the registry's own endpoint, and to the token server that this endpoint names, if its word
counts: over TLS with a good certificate it may name any https URL; without, only a server of its own host name (both
on the loopback count as one), since anybody on the way could have written the name. `realms` in the configuration
lifts that. Redirects are no word of the registry's: tokens never follow one, nor do credentials.
"""

import base64
import ipaddress
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from boxship.lib.errors import InvalidParameter
from boxship.registry import challenge as challenges
from boxship.registry.challenge import Challenge
from boxship.registry.config import Endpoint, RegistryConfig
from boxship.registry.credentials import NOBODY, Credentials
from boxship.registry.errors import LONGEST_BODY, NoCredentials, RegistryError, Untrusted, from_answer
from boxship.registry.limits import retry_after
from boxship.registry.transport import Answer, Transport

CLIENT = "boxship"
DEFAULT_LIFE = 60.0
"""Seconds that a token is good for when its server does not say."""
_SPARE = 10.0
_LONGEST_TOKEN = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """value: what is sent; until: when to ask for another (time.monotonic); refresh: an identity token, or ""."""

    value: str
    until: float
    refresh: str = ""


class Authorizer:
    """Who we are to one endpoint. Any thread may use it."""

    def __init__(
        self, transport: Transport, config: RegistryConfig, endpoint: Endpoint, credentials: Credentials
    ) -> None:
        self._transport = transport
        self._config = config
        self._endpoint = endpoint
        self._credentials = credentials if endpoint.own else NOBODY
        self._lock = threading.Lock()
        self._fetching = threading.Lock()
        self._challenges: list[Challenge] = []
        self._base = ""
        self._tokens: dict[frozenset[str], Token] = {}
        self._wider: dict[frozenset[str], frozenset[str]] = {}

    def learn(self, base: str, headers: Iterable[str]) -> None:
        """The endpoint's first answer: where it is, and what it asks for (WWW-Authenticate)."""
        with self._lock:
            self._base = base
            self._challenges = challenges.parse(headers)

    def headers(self, scopes: Iterable[str]) -> dict[str, str]:
        """What a request needs that does what `scopes` allow. RegistryError when there is no way to get it."""
        if self._credentials.registry_token:
            if not _sendable(self._credentials.registry_token):
                raise RegistryError("the registry token has characters that no header may have", status=401)
            return {"Authorization": f"Bearer {self._credentials.registry_token}"}
        bearer, basic = self._offered("bearer"), self._offered("basic")
        if bearer is not None:
            return {"Authorization": f"Bearer {self._token(bearer, frozenset(scopes)).value}"}
        if basic is not None:
            return {"Authorization": self._basic()}
        return {}

    def refused(self, scopes: Iterable[str], headers: Iterable[str], sent: dict[str, str]) -> bool:
        """After a 401: whether asking again makes sense, since the token was old or too narrow."""
        wanted = frozenset(scopes)
        told = challenges.parse(headers)
        with self._lock:
            if told:
                self._challenges = told
            old = self._tokens.get(wanted)
            if old is not None and sent.get("Authorization") == f"Bearer {old.value}":
                del self._tokens[wanted]
            bearer = next((each for each in told if each.scheme == "bearer"), None)
            if bearer is not None and (named := _scopes(bearer)) - wanted:
                self._wider[wanted] = wanted | named
            if self._credentials.registry_token:
                return False
            return bearer is not None or (bool(told) and "Authorization" not in sent)

    def login(self) -> str:
        """Prove who we are for nothing but that; an identity token where the server gives one, else ""."""
        bearer, basic = self._offered("bearer"), self._offered("basic")
        if bearer is not None:
            return self._fetch(bearer, frozenset(), offline=True).refresh
        if basic is not None:
            self._basic()
        return ""

    def _offered(self, scheme: str) -> Challenge | None:
        with self._lock:
            return next((each for each in self._challenges if each.scheme == scheme), None)

    def _basic(self) -> str:
        if not self._credentials.username and not self._credentials.password:
            raise NoCredentials("no basic auth credentials", status=401, url=self._base)
        plain = f"{self._credentials.username}:{self._credentials.password}"
        return "Basic " + base64.b64encode(plain.encode("utf-8", "surrogateescape")).decode("ascii")

    def _token(self, bearer: Challenge, scopes: frozenset[str]) -> Token:
        # One at a time: layers start together, and want the same token.
        with self._fetching:
            with self._lock:
                known = self._tokens.get(scopes)
                wider = self._wider.get(scopes, scopes)
            if known is not None and known.until > time.monotonic():
                return known
            token = self._fetch(bearer, wider)
            with self._lock:
                self._tokens[scopes] = token
            return token

    def _fetch(self, bearer: Challenge, scopes: frozenset[str], *, offline: bool = False) -> Token:
        realm = bearer.parameters.get("realm", "")
        if not realm:
            raise RegistryError(
                f"the registry {self._endpoint.host} asks for a token and does not say where to get one", url=self._base
            )
        service = bearer.parameters.get("service", "")
        who = self._credentials
        if who:
            self._check_realm(realm)
        fields = [("service", service)] if service else []
        fields += [("scope", scope) for scope in sorted(scopes)]
        if who.identity_token:
            told = {"grant_type": "refresh_token", "refresh_token": who.identity_token, "client_id": CLIENT}
            told |= {"service": service, "scope": " ".join(sorted(scopes))}
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._ask("POST", realm, headers, urlencode(told).encode())
        else:
            headers = {}
            if who.username or who.password:
                headers["Authorization"] = self._basic()
                fields.insert(0, ("account", who.username))
            if offline:
                fields += [("client_id", CLIENT), ("offline_token", "true")]
            joint = "&" if urlsplit(realm).query else "?"
            asked = urlencode(fields, quote_via=quote)
            answer = self._ask("GET", f"{realm}{joint}{asked}" if asked else realm, headers, None)
        return _read(answer, realm)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        verify = not self._config.is_insecure(urlsplit(url).netloc.rpartition("@")[2])
        return self._transport.open(method, url, headers=headers, body=body, verify=verify)

    def _check_realm(self, realm: str) -> None:
        """Untrusted when credentials may not go there."""
        try:
            asked, base = urlsplit(realm), urlsplit(self._base)
            host, own = (asked.hostname or "").lower(), (base.hostname or "").lower()
        except ValueError:
            raise InvalidParameter(f"the registry {self._endpoint.host} names a token server that is no URL") from None
        if any(realm == good or realm.startswith(f"{good.rstrip('/')}/") for good in self._endpoint.realms):
            return
        same = host == own or (_loopback(host) and _loopback(own))
        verified = base.scheme == "https" and self._endpoint.verify
        plain_is_fine = base.scheme == "http" or self._config.is_insecure(asked.netloc.rpartition("@")[2])
        if asked.scheme == "https" and (same or verified):
            return
        if asked.scheme == "http" and plain_is_fine and (same or verified):
            return
        what = "without encryption" if asked.scheme != "https" else "on its word alone, which anybody could forge"
        place = f"{asked.scheme}://{asked.netloc.rpartition('@')[2]}"
        raise Untrusted(
            f"the registry {self._endpoint.host} wants its credentials sent to {place}: not done {what}\n"
            f'  if that is right:     realms = ["{place}"] under [registry."{self._endpoint.host}"] in config.toml',
            url=self._base,
        )


def _read(answer: Answer, realm: str) -> Token:
    try:
        body = answer.read(_LONGEST_TOKEN + 1)
    finally:
        answer.close()
    if answer.status != 200:
        raise from_answer(answer.status, body[:LONGEST_BODY], url=realm, wait=retry_after(answer.headers))
    try:
        value: Any = json.loads(body)
        text = value.get("token") or value.get("access_token")
        life = float(value.get("expires_in") or DEFAULT_LIFE)
        refresh = value.get("refresh_token") or ""
    except (ValueError, AttributeError, TypeError, RecursionError):
        text, life, refresh = None, 0.0, ""
    if not isinstance(text, str) or not isinstance(refresh, str) or not _sendable(text):
        raise RegistryError(f"authorization server did not include a token in the response ({realm})", url=realm)
    # A fifth of a short life is spare: the token has to last until the registry looks at it.
    return Token(text, time.monotonic() + max(life, 1.0) - min(_SPARE, life / 5), refresh)


def _sendable(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _scopes(bearer: Challenge) -> frozenset[str]:
    return frozenset(bearer.parameters.get("scope", "").split())


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
