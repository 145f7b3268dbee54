"""The parts of the registry client that decide without asking anybody."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import InvalidParameter
from boxship.registry import challenge
from boxship.registry.config import HostSettings, RegistryConfig, host_settings
from boxship.registry.credentials import NOBODY, Credentials, from_config_header, from_header
from boxship.registry.errors import AccessDenied, AuthenticationRequired, ContentMissing, TooManyRequests, from_answer
from boxship.registry.limits import RateLimit, rate_limit, retry_after
from boxship.registry.proxies import DIRECT, from_environment

TEXT = st.text(max_size=40)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
         [("bearer", {"realm": "https://a/t", "service": "s", "scope": "repository:x:pull,push"})]),
        ('Basic realm="a \\"b\\", c"', [("basic", {"realm": 'a "b", c'})]),
        ('Negotiate, Basic realm=x', [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("Bearer", [("bearer", {})]),
        ('realm="x"', []),
        ('Bearer realm="open', [("bearer", {})]),
        ("", []),
    ],
)  # fmt: skip
def test_challenges(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    """RFC 9110's grammar, as far as registries use it."""
    assert [(each.scheme, each.parameters) for each in challenge.parse([header])] == expected


@given(st.lists(st.text(alphabet='Bearer basic realm="=,\\\t \0é', max_size=60), max_size=3))
def test_a_challenge_of_any_bytes_is_read(headers: list[str]) -> None:
    """Hostile headers give challenges or none, never an error."""
    challenge.parse(headers)


@given(TEXT, TEXT, TEXT)
def test_credentials_come_through_the_header(user: str, password: str, token: str) -> None:
    """With padding and without, as clients write it."""
    document = {"username": user, "password": password, "identitytoken": token}
    text = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    expected = Credentials(user, password, token)
    assert from_header(text) == from_header(text.rstrip("=")) == expected


def test_no_credentials() -> None:
    """Nobody is nobody."""
    assert from_header("") == NOBODY
    assert not from_header("e30=")
    assert "secret" not in repr(Credentials("user", "secret"))


@pytest.mark.parametrize("text", ["x", "!!!!", base64.urlsafe_b64encode(b"[1]").decode()])
def test_a_wrong_header_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="invalid X-Registry-Auth header"):
        from_header(text)


def test_credentials_by_registry() -> None:
    """X-Registry-Config, for builds."""
    document = {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"u:p").decode()}, "h:5000": {"username": "v"}}
    found = from_config_header(base64.urlsafe_b64encode(json.dumps(document).encode()).decode())
    assert found == {"docker.io": Credentials("u", "p"), "h:5000": Credentials("v")}


@pytest.mark.parametrize(
    ("host", "port", "proxy"),
    [
        ("example.org", 443, "http://p:1"),
        ("localhost", 443, ""),
        ("127.0.0.7", 5000, ""),
        ("::1", 5000, ""),
        ("inner.test", 443, ""),
        ("deep.inner.test", 443, ""),
        ("outer-inner.test", 443, "http://p:1"),
        ("dotted.test", 443, "http://p:1"),
        ("below.dotted.test", 443, ""),
        ("ported.test", 444, ""),
        ("ported.test", 443, "http://p:1"),
        ("10.1.2.3", 443, ""),
        ("11.1.2.3", 443, "http://p:1"),
    ],
)
def test_the_choice_of_a_proxy(host: str, port: int, proxy: str) -> None:
    """NO_PROXY as Go reads it."""
    exceptions = "inner.test, .dotted.test,ported.test:444,10.0.0.0/8"
    proxies = from_environment({"HTTPS_PROXY": "p:1", "no_proxy": exceptions})
    assert proxies.choose("https", host, port) == proxy
    assert proxies.choose("http", host, port) == ""


def test_no_proxy_at_all() -> None:
    assert from_environment({"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}).choose("https", "example.org", 443) == ""
    assert from_environment({}) == DIRECT


def test_where_a_registry_is_asked() -> None:
    """Mirrors of every registry first; the loopback may be plain; the rest is TLS."""
    tables = {"quay.io": {"mirrors": ["https://m.test/quay", "127.0.0.1:5001"]}, "plain.invalid": {"plain-http": True}}
    hosts = {host: host_settings(host, table) for host, table in tables.items()}
    config = RegistryConfig(hosts, ("https://hub-mirror.test",), ("10.0.0.0/8",))
    assert [end.urls for end in config.endpoints("quay.io")] == [
        ("https://m.test/quay",),
        ("https://127.0.0.1:5001", "http://127.0.0.1:5001"),
        ("https://quay.io",),
    ]
    assert [end.own for end in config.endpoints("quay.io")] == [False, False, True]
    assert [end.urls for end in config.endpoints("docker.io")] == [
        ("https://hub-mirror.test",),
        ("https://registry-1.docker.io",),
    ]
    assert config.own("plain.invalid").urls == ("http://plain.invalid",)
    assert config.own("10.2.3.4:5000").urls == ("https://10.2.3.4:5000", "http://10.2.3.4:5000")
    assert config.own("11.2.3.4:5000").urls == ("https://11.2.3.4:5000",)


@pytest.mark.parametrize(
    "table", [{"mirror": []}, {"mirrors": "x"}, {"insecure": 1}, {"cert": "/a"}, {"mirrors": ["ftp://x"]}, []]
)
def test_a_wrong_table_is_refused(table: object) -> None:
    with pytest.raises(InvalidParameter):
        host_settings("host", table)


def test_settings_by_host() -> None:
    assert RegistryConfig({"a": HostSettings(insecure=True)}).own("a").verify is False
    assert RegistryConfig().settings("a") == HostSettings()


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}', ContentMissing,
         "manifest unknown: manifest unknown"),
        (401, b"", AuthenticationRequired, "unauthorized: authentication required"),
        (403, b'{"errors":[{"code":"DENIED","message":"no"}]}', AccessDenied, "denied: no"),
        (429, b"slow\x1b[31m down", TooManyRequests, "toomanyrequests: slow [31m down"),
    ],
)  # fmt: skip
def test_words_of_a_refusal(status: int, body: bytes, kind: type[Exception], message: str) -> None:
    """Docker's, and nothing that a terminal would obey."""
    error = from_answer(status, body, url="u")
    assert type(error) is kind
    assert error.message == message


@given(st.integers(400, 599), st.binary(max_size=200))
def test_any_body_gives_an_error(status: int, body: bytes) -> None:
    message = from_answer(status, body, url="u").message
    assert message.replace("\n", "").isprintable()


def test_limits() -> None:
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "7;w=21600", "retry-after": "12"}
    assert rate_limit(headers) == RateLimit(7, 100, 21600)
    assert retry_after(headers) == 12
    assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert rate_limit({}) is None
