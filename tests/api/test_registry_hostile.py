"""Our client against registries that mean it no good: nothing leaks, nothing hangs, memory stays bounded."""

from __future__ import annotations

import base64
import itertools
import json
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from boxship.model.digest import sha256
from boxship.registry import pace
from boxship.registry.client import LARGEST_MANIFEST, Registry
from boxship.registry.config import HostSettings, RegistryConfig
from boxship.registry.credentials import Credentials
from boxship.registry.errors import Aborted, RegistryError, TooManyRequests, Unreachable, Untrusted
from boxship.registry.limits import Patience
from tests.support.hostile import Asked, Behaviour, Reply, scripted

CONFIG = RegistryConfig(certificate_folders=(), patience=Patience(3, 0.001, longest=2.0))
ALICE = Credentials("alice", "secret")
DATA = b"blob" * 5000
DIGEST = sha256(DATA)
OCTETS = {"Content-Type": "application/octet-stream"}


def plain(config: RegistryConfig, *hosts: str) -> RegistryConfig:
    """Without a look for TLS first: one request less in the script."""
    return replace(config, hosts={host: HostSettings(plain_http=True) for host in hosts})


def after_ping(behave: Behaviour) -> Behaviour:
    """The script of what comes after the first look at the registry."""
    return lambda asked: Reply() if asked.path == "/v2/" else behave(asked)


def challenged(realm: str, inner: Behaviour | None = None) -> Behaviour:
    """A registry that wants a token of `realm`."""

    def behave(asked: Asked) -> Reply:
        if "Authorization" in asked.headers and inner is not None:
            return inner(asked)
        return Reply(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="s"'})

    return behave


def test_a_redirect_takes_no_credentials_along() -> None:
    """Blobs lie elsewhere: there nobody learns who we are."""
    with scripted(lambda asked: Reply(body=DATA)) as store:
        elsewhere = store.host.replace("127.0.0.1", "127.0.0.2")

        def behave(asked: Asked) -> Reply:
            return Reply(307, headers={"Location": f"http://{store.host}/data?signed=1"})

        basic = {"WWW-Authenticate": "Basic realm=x"}
        with scripted(lambda asked: behave(asked) if "/blobs/" in asked.path else Reply(401, headers=basic)) as first:
            with Registry(first.host, plain(CONFIG, first.host), ALICE) as registry:
                assert registry.repository("a/b").read_blob(DIGEST, len(DATA)) == DATA
        assert any("Authorization" in asked.headers for asked in first.asked)
        assert store.asked
        assert not any("Authorization" in asked.headers for asked in store.asked)
        assert elsewhere != store.host


def test_a_redirect_has_no_say_in_who_we_are() -> None:
    """What a blob store answers with 401 is an error, not a question, whatever token server it names."""
    with scripted(lambda asked: Reply(body=b'{"token": "abc"}')) as thief:
        with scripted(challenged(f"http://{thief.host}/token")) as store:

            def behave(asked: Asked) -> Reply:
                if "/blobs/" in asked.path:
                    return Reply(307, headers={"Location": f"http://{store.host}/data"})
                return Reply(401, headers={"WWW-Authenticate": "Basic realm=x"})

            with scripted(behave) as first, Registry(first.host, plain(CONFIG, first.host), ALICE) as registry:
                with pytest.raises(RegistryError, match="unauthorized"):
                    registry.repository("a/b").read_blob(DIGEST, len(DATA))
        assert store.asked
        assert not thief.asked


def test_layers_that_start_together_share_a_token() -> None:
    with scripted(lambda asked: Reply(body=b'{"token": "abc"}')) as tokens:
        with scripted(challenged(f"http://{tokens.host}/token", lambda asked: Reply(body=DATA))) as real:
            with Registry(real.host, plain(CONFIG, real.host)) as registry, ThreadPoolExecutor(8) as pool:
                repository = registry.repository("a/b")
                futures = [pool.submit(repository.read_blob, DIGEST, len(DATA)) for _ in range(8)]
                assert all(future.result() == DATA for future in futures)
        assert len(tokens.asked) == 1


def test_a_token_that_no_header_may_have() -> None:
    with scripted(after_ping(lambda asked: Reply(body=b"{}"))) as real:
        with Registry(real.host, plain(CONFIG, real.host), Credentials(registry_token="a\r\nb")) as registry:
            with pytest.raises(RegistryError, match="characters that no header may have") as caught:
                registry.repository("a/b").manifest("latest")
    assert "\n" not in caught.value.message


def test_a_redirect_without_end() -> None:
    def behave(asked: Asked) -> Reply:
        return Reply(307, headers={"Location": f"{asked.path}x"})

    with scripted(after_ping(behave)) as bad, Registry(bad.host, plain(CONFIG, bad.host)) as registry:
        with pytest.raises(Untrusted, match="stopped after 10 redirects"):
            registry.repository("a/b").manifest("latest")
    assert len(bad.asked) == 12


@pytest.mark.parametrize("location", ["ftp://x/y", "file:///etc/passwd", "http://", "//[", "http://h:99999/"])
def test_a_redirect_to_what_is_no_place(location: str) -> None:
    with scripted(after_ping(lambda asked: Reply(307, headers={"Location": location}))) as bad:
        with Registry(bad.host, plain(CONFIG, bad.host)) as registry, pytest.raises(RegistryError):
            registry.repository("a/b").manifest("latest")


def test_a_foreign_realm_gets_no_password() -> None:
    """Over plain HTTP anybody can name a token server; only one of the same host is believed."""
    for credentials in (ALICE, Credentials(identity_token="identity")):
        with scripted(challenged("https://thief.invalid/token")) as bad:
            with Registry(bad.host, plain(CONFIG, bad.host), credentials) as registry:
                with pytest.raises(Untrusted, match=r"wants its credentials sent to https://thief\.invalid: not done"):
                    registry.repository("a/b").manifest("latest")


def test_a_realm_that_the_configuration_names() -> None:
    """What somebody set may be given the password, wherever it lies."""
    given: list[str] = []

    def server(asked: Asked) -> Reply:
        given.append(asked.headers.get("Authorization", ""))
        return Reply(body=b'{"token": "abc"}')

    manifest = b'{"schemaVersion": 2}'
    with scripted(server, "127.0.0.2") as tokens:
        realm = f"http://{tokens.host}/token"
        with scripted(challenged(realm, lambda asked: Reply(body=manifest))) as real:
            hosts = {real.host: HostSettings(plain_http=True, realms=(f"http://{tokens.host}",))}
            with Registry(real.host, replace(CONFIG, hosts=hosts), ALICE) as registry:
                assert registry.repository("a/b").manifest("latest").data == manifest
    assert given == ["Basic " + base64.b64encode(b"alice:secret").decode()]


def test_a_mirror_gets_no_credentials() -> None:
    """Neither by asking for a password nor by naming a token server."""
    with scripted(challenged("http://127.0.0.1:1/token")) as bearer:
        with scripted(lambda asked: Reply(401, headers={"WWW-Authenticate": "Basic realm=x"})) as basic:
            manifest = b'{"schemaVersion": 2}'
            with scripted(after_ping(lambda asked: Reply(body=manifest))) as real:
                mirrors = (f"http://{bearer.host}", f"http://{basic.host}")
                hosts = {real.host: HostSettings(plain_http=True, mirrors=mirrors)}
                with Registry(real.host, replace(CONFIG, hosts=hosts), ALICE) as registry:
                    assert registry.repository("a/b").manifest("latest").data == manifest
            assert basic.asked
            assert not any("Authorization" in asked.headers for asked in (*bearer.asked, *basic.asked))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(body=DATA + b"x"), "has 20001 bytes at the registry; its manifest says 20000"),
        (Reply(body=DATA[:-1]), "has 19999 bytes at the registry; its manifest says 20000"),
        (Reply(body=DATA + b"x", length=-1), "more bytes at the registry than the 20000"),
        (Reply(body=DATA[:-1] + b"y"), "filesystem layer verification failed for digest"),
        (Reply(body=DATA[:100], length=20000), "broke off at byte"),
        (Reply(body=DATA[:100], length=-1), "broke off at byte"),
    ],
)
def test_a_blob_that_is_not_what_it_should_be(reply: Reply, message: str) -> None:
    with scripted(after_ping(lambda asked: reply)) as bad:
        with Registry(bad.host, plain(CONFIG, bad.host)) as registry, pytest.raises(RegistryError, match=message):
            registry.repository("a/b").read_blob(DIGEST, len(DATA))


def test_a_part_that_is_not_the_one_asked_for() -> None:
    """After a broken connection: the rest from the start again is skipped, another part is refused."""
    for after, works in (
        (Reply(body=DATA), True),
        (Reply(206, DATA[100:], {"Content-Range": f"bytes 100-{len(DATA) - 1}/{len(DATA)}"}), True),
        (Reply(206, DATA[50:], {"Content-Range": f"bytes 50-{len(DATA) - 1}/{len(DATA)}"}), False),
        (Reply(206, DATA[100:], {"Content-Range": f"bytes 100-{len(DATA) - 1}/{len(DATA) + 9}"}), False),
        (Reply(206, DATA[100:]), False),
    ):
        replies = itertools.chain([Reply(body=DATA[:100], length=len(DATA))], itertools.repeat(after))
        with scripted(after_ping(lambda asked, replies=replies: next(replies))) as bad:  # type: ignore[misc]
            with Registry(bad.host, plain(CONFIG, bad.host)) as registry:
                repository = registry.repository("a/b")
                if works:
                    assert repository.read_blob(DIGEST, len(DATA)) == DATA
                else:
                    with pytest.raises(Untrusted):
                        repository.read_blob(DIGEST, len(DATA))


def test_a_manifest_without_end_is_not_read() -> None:
    """By its length, or when it says none: at most the limit is ever held."""

    def endless(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(100):
            sock.sendall(b" " * (1 << 20))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for reply in (Reply(body=b"x", length=LARGEST_MANIFEST + 1), Reply(raw=endless)):
        with scripted(after_ping(lambda asked, reply=reply: reply)) as bad:  # type: ignore[misc]
            with Registry(bad.host, plain(CONFIG, bad.host)) as registry:
                with pytest.raises(Untrusted, match=r"at most 4194304 are taken|more than 4194304 bytes"):
                    registry.repository("a/b").manifest("latest")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 << 10  # KiB


def test_a_manifest_under_a_wrong_digest() -> None:
    told = {"Docker-Content-Digest": sha256(b"other")}
    with scripted(after_ping(lambda asked: Reply(body=b"{}", headers=told))) as bad:
        with Registry(bad.host, plain(CONFIG, bad.host)) as registry:
            for reference in ("latest", sha256(b"more")):
                with pytest.raises(Untrusted, match="manifest verification failed for digest sha256:"):
                    registry.repository("a/b").manifest(reference)


def test_heads_that_are_too_large() -> None:
    def lines(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            sock.sendall(b"X-Fill: " + b"y" * 1000 + b"\r\n")

    def line(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nX-Fill: ")
        for _ in range(1000):
            sock.sendall(b"y" * 10000)

    for raw in (lines, line, lambda sock: sock.sendall(b"SSH-2.0-x\r\n"), lambda sock: None):
        with scripted(lambda asked, raw=raw: Reply(raw=raw)) as bad:  # type: ignore[misc]
            with Registry(bad.host, plain(CONFIG, bad.host)) as registry, pytest.raises(Unreachable):
                registry.repository("a/b").manifest("latest")


def test_a_head_that_is_cut_off() -> None:
    """Half a header is none: an upload would go on at half a place."""

    def half(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nLocation: /v2/a/b/blobs/uploads/1234")

    with scripted(after_ping(lambda asked: Reply(raw=half))) as bad:
        with Registry(bad.host, plain(CONFIG, bad.host)) as registry:
            with pytest.raises(Unreachable, match="unexpected EOF"):
                registry.repository("a/b").upload_blob(DIGEST, len(DATA), lambda: [DATA])
    assert {asked.method for asked in bad.asked} == {"GET", "POST"}


def test_a_registry_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is no answer, neither as a head nor as a body."""
    monkeypatch.setattr(pace, "HEAD_WAIT", 0.5)
    monkeypatch.setattr(pace, "BODY_WINDOW", 0.5)
    done = threading.Event()

    def drip(start: bytes) -> Reply:
        def raw(sock: socket.socket) -> None:
            sock.sendall(start)
            while not done.wait(0.05):
                sock.sendall(b"x")

        return Reply(raw=raw)

    head = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n"
    try:
        with scripted(after_ping(lambda asked: drip(head + (b"\r\n" if "/blobs/" in asked.path else b"X-Y: ")))) as bad:
            config = replace(plain(CONFIG, bad.host), patience=Patience(1, 0.001))
            with Registry(bad.host, config) as registry:
                with pytest.raises(Unreachable, match="timeout awaiting response headers"):
                    registry.repository("a/b").manifest("latest")
                with pytest.raises(Unreachable, match=r"the peer sent \d+ bytes in"):
                    registry.repository("a/b").read_blob(DIGEST, len(DATA))
            done.set()
    finally:
        done.set()


def test_waiting_as_long_as_the_registry_asks() -> None:
    """429 and 503 are tried again, and it is told; a limit that is too far away is not waited for."""
    replies = iter([Reply(429, headers={"Retry-After": "0"}), Reply(503), Reply(body=b"{}")])
    told: list[str] = []
    with scripted(after_ping(lambda asked: next(replies))) as busy:
        with Registry(busy.host, plain(CONFIG, busy.host), notice=told.append) as registry:
            assert registry.repository("a/b").manifest("latest").data == b"{}"
    assert len(told) == 2 and told[0].startswith("toomanyrequests: too many requests; trying again in")
    limit = {"Retry-After": "2580", "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}
    with scripted(after_ping(lambda asked: Reply(429, headers=limit))) as busy:
        with Registry(busy.host, plain(CONFIG, busy.host)) as registry:
            with pytest.raises(TooManyRequests, match=r"\(0 of 100 left, next in 43 min\)") as caught:
                registry.repository("a/b").manifest("latest")
            assert registry.rate_limit is not None and registry.rate_limit.window == 21600
    assert caught.value.wait == 2580
    assert len(busy.asked) == 2


def test_a_scope_that_does_not_suffice_is_asked_for_again() -> None:
    """The registry names a wider one: it is asked for, once."""
    scopes: list[str] = []

    def token(asked: Asked) -> Reply:
        scopes.append(asked.path)
        return Reply(body=json.dumps({"token": f"t{len(scopes)}"}).encode())

    with scripted(token) as tokens:
        realm = f'Bearer realm="http://{tokens.host}/token",service="s"'
        wider = f'{realm},scope="repository:a/b:pull,push",error="insufficient_scope"'

        def behave(asked: Asked) -> Reply:
            if asked.headers.get("Authorization") == "Bearer t2":
                return Reply(body=b"{}")
            return Reply(401, headers={"WWW-Authenticate": wider if "Authorization" in asked.headers else realm})

        with scripted(behave) as real, Registry(real.host, plain(CONFIG, real.host)) as registry:
            assert registry.repository("a/b").manifest("latest").data == b"{}"
            assert registry.repository("a/b").manifest("latest").data == b"{}"
    assert len(scopes) == 2
    assert "pull%2Cpush" in scopes[1]


@pytest.mark.parametrize("body", [b"{}", b'{"token": 5}', b'{"token": "a\\nb"}', b"[]", b"x" * 70000, b"{" * 5000])
def test_a_token_server_that_gives_no_token(body: bytes) -> None:
    with scripted(lambda asked: Reply(body=body)) as tokens:
        with scripted(challenged(f"http://{tokens.host}/token")) as real:
            with Registry(real.host, plain(CONFIG, real.host)) as registry:
                with pytest.raises(RegistryError, match="did not include a token"):
                    registry.repository("a/b").manifest("latest")


def test_breaking_off_from_another_thread() -> None:
    """Whoever waits for a silent registry is let go at once."""
    waiting, done = threading.Event(), threading.Event()

    def silent(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\nblob")
        waiting.set()
        done.wait(30)

    with scripted(after_ping(lambda asked: Reply(raw=silent))) as slow:
        registry = Registry(slow.host, plain(CONFIG, slow.host))
        threading.Thread(target=lambda: (waiting.wait(30), time.sleep(0.05), registry.abort())).start()
        with pytest.raises(Aborted):
            registry.repository("a/b").read_blob(DIGEST, len(DATA))
        with pytest.raises(Aborted):
            registry.repository("a/b").manifest("latest")
        done.set()
        registry.close()


def test_an_upload_is_not_sent_in_the_clear_to_somebody_else() -> None:
    """Where it goes on is the registry's to say, but credentials stay with the registry."""
    with scripted(lambda asked: Reply(201), "127.0.0.2") as other:

        def behave(asked: Asked) -> Reply:
            if "Authorization" not in asked.headers:
                return Reply(401, headers={"WWW-Authenticate": "Basic realm=x"})
            return Reply(202, headers={"Location": f"http://{other.host}/upload"})

        with scripted(behave) as real, Registry(real.host, plain(CONFIG, real.host, other.host), ALICE) as registry:
            registry.repository("a/b").upload_blob(DIGEST, len(DATA), lambda: [DATA])
    assert [asked.method for asked in other.asked] == ["PUT"]
    assert "Authorization" not in other.asked[0].headers


def test_a_mount_that_is_refused_is_no_failure() -> None:
    """The other repository may be private: then the blob is sent."""

    def behave(asked: Asked) -> Reply:
        if "mount=" in asked.path:
            return Reply(403, b'{"errors": [{"code": "DENIED", "message": "not yours"}]}')
        if asked.method == "POST":
            return Reply(202, headers={"Location": "/v2/a/b/blobs/uploads/1"})
        return Reply(201)

    with scripted(after_ping(behave)) as real, Registry(real.host, plain(CONFIG, real.host)) as registry:
        repository = registry.repository("a/b")
        assert not repository.mount_blob(DIGEST, "private/c")
        repository.upload_blob(DIGEST, len(DATA), lambda: [DATA])
    assert real.asked[-1].body == DATA
