"""Our client against the real registry: plain, with passwords, with tokens, by TLS, through a line that breaks."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.model.digest import sha256
from boxship.registry.blob import Verified
from boxship.registry.client import Registry, Repository
from boxship.registry.config import HostSettings, RegistryConfig
from boxship.registry.credentials import NOBODY, Credentials
from boxship.registry.errors import (
    AccessDenied,
    AuthenticationRequired,
    CertificateRefused,
    ContentMissing,
    NoCredentials,
    RegistryError,
    Unreachable,
)
from boxship.registry.limits import Patience
from tests.support.hostile import cutting
from tests.support.registry import PASSWORD, USER, RealRegistry, TokenServer, real_registry, server_pair

CONFIG = RegistryConfig(certificate_folders=(), patience=Patience(4, 0.01))
ALICE = Credentials(USER, PASSWORD)
TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("plain")) as registry:
        yield registry


def blob(size: int, seed: int = 1) -> tuple[bytes, str]:
    data = random.Random(seed).randbytes(size)
    return data, sha256(data)


def push(repository: Repository, tag: str) -> tuple[bytes, str]:
    """A small image; its layer's bytes and digest."""
    data, digest = blob(300_000, sum(tag.encode()))
    config = json.dumps({"architecture": "amd64", "os": "linux", "tag": tag}).encode()
    repository.upload_blob(digest, len(data), lambda: [data[:1000], data[1000:]])
    repository.upload_stream(lambda: [config], lambda: sha256(config))
    manifest = {
        "schemaVersion": 2,
        "mediaType": TYPE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": sha256(config),
            "size": len(config),
        },
        "layers": [
            {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": digest, "size": len(data)}
        ],
    }
    text = json.dumps(manifest).encode()
    assert repository.put_manifest(tag, TYPE, text) == sha256(text)
    return data, digest


def read(repository: Repository, digest: str, size: int, offset: int = 0) -> bytes:
    with repository.open_blob(digest, size, offset) as stream:
        return b"".join(iter(lambda: stream.read(65536), b""))


def test_there_and_back(plain: RealRegistry) -> None:
    with Registry(plain.host, CONFIG) as registry:
        repository = registry.repository("there/back")
        data, digest = push(repository, "one")
        push(repository, "two")
        described = repository.head("one")
        assert described is not None
        manifest = repository.manifest("one")
        assert (described.digest, described.size) == (manifest.digest, len(manifest.data))
        assert manifest.media_type == described.media_type == TYPE
        assert repository.manifest(manifest.digest) == manifest
        assert repository.has_blob(digest) == len(data)
        assert read(repository, digest, len(data)) == data
        assert read(repository, digest, len(data), 299_990) == data[299_990:]
        assert repository.tags() == ["one", "two"]
        assert repository.source == plain.host


def test_what_is_not_there(plain: RealRegistry) -> None:
    with Registry(plain.host, CONFIG) as registry:
        repository = registry.repository("not/there")
        assert repository.head("latest") is None
        assert repository.has_blob("sha256:" + "0" * 64) is None
        with pytest.raises(ContentMissing, match="manifest unknown: manifest unknown"):
            repository.manifest("latest")
        with pytest.raises(ContentMissing, match="blob unknown"):
            repository.open_blob("sha256:" + "0" * 64, 5).read()


def test_a_blob_is_mounted_from_another_repository(plain: RealRegistry) -> None:
    with Registry(plain.host, CONFIG) as registry:
        data, digest = push(registry.repository("mount/from"), "one")
        assert registry.repository("mount/to").mount_blob(digest, "mount/from")
        assert registry.repository("mount/to").has_blob(digest) == len(data)
        assert not registry.repository("mount/to").mount_blob("sha256:" + "1" * 64, "mount/from")


def test_a_blob_survives_a_line_that_breaks(plain: RealRegistry) -> None:
    """Pulled and pushed through a relay that cuts each connection somewhere, byte for byte."""
    data, digest = blob(8_000_000, 7)
    with Registry(plain.host, CONFIG) as registry:
        registry.repository("broken/line").upload_blob(digest, len(data), lambda: [data])
    with cutting(plain.host, 11, least=300, most=3_000_000) as line:
        patient = replace(CONFIG, patience=Patience(40, 0.001))
        with Registry(line.host, patient) as registry:
            stream = registry.repository("broken/line").open_blob(digest, len(data))
            with stream:
                verified = Verified(stream)
                assert b"".join(iter(lambda: verified.read(100_000), b"")) == data
    assert line.cuts >= 2


def test_a_line_that_always_breaks_is_given_up(plain: RealRegistry) -> None:
    data, digest = blob(2_000_000, 8)
    with Registry(plain.host, CONFIG) as registry:
        registry.repository("broken/line").upload_blob(digest, len(data), lambda: [data])
    with cutting(plain.host, 12, least=700, most=900) as line, Registry(line.host, CONFIG) as registry:
        with pytest.raises(Unreachable, match=r"broke off at byte \d+ of 2000000, 4 times in a row: unexpected EOF"):
            read(registry.repository("broken/line"), digest, len(data))


def test_a_password(tmp_path: Path) -> None:
    with real_registry(tmp_path, htpasswd=True) as real:
        with Registry(real.host, CONFIG) as nobody:
            with pytest.raises(NoCredentials, match="no basic auth credentials"):
                nobody.repository("a/b").manifest("latest")
            with pytest.raises(NoCredentials, match="no basic auth credentials"):
                nobody.check_login()
        with Registry(real.host, CONFIG, replace(ALICE, password="wrong")) as wrong:
            with pytest.raises(RegistryError, match="failed with status: 401 Unauthorized"):
                wrong.check_login()
            with pytest.raises(AuthenticationRequired, match="unauthorized: authentication required"):
                wrong.repository("a/b").tags()
        with Registry(real.host, CONFIG, ALICE) as alice:
            assert alice.check_login() == ""
            push(alice.repository("a/b"), "latest")
            assert alice.repository("a/b").tags() == ["latest"]


def test_tokens(tmp_path: Path) -> None:
    """Nobody may pull, Alice may push; a token that grows old in between is renewed."""
    tokens = TokenServer(tmp_path / "tokens", life=1)
    with tokens.serving(), real_registry(tmp_path / "registry", tokens=tokens) as real:
        with Registry(real.host, CONFIG, ALICE) as alice:
            assert alice.check_login() == "identity"
            push(alice.repository("a/b"), "latest")
            push(alice.repository("a/c"), "latest")
        with Registry(real.host, CONFIG) as nobody:
            data, digest = push_target = blob(300_000, sum(b"latest"))
            assert read(nobody.repository("a/b"), digest, len(data)) == push_target[0]
            with pytest.raises(AccessDenied, match="denied: requested access to the resource is denied"):
                nobody.repository("a/b").upload_blob(digest, len(data), lambda: [data])
        with Registry(real.host, CONFIG, Credentials(identity_token="identity")) as token:
            assert token.repository("a/d").mount_blob(digest, "a/b")
        with Registry(real.host, CONFIG, Credentials(identity_token="old")) as old:
            with pytest.raises(AuthenticationRequired, match="the refresh token is not known"):
                old.repository("a/b").manifest("latest")
        bearer = tokens.token(USER, ["repository:a/b:pull"], ("pull",))
        with Registry(real.host, CONFIG, Credentials(registry_token=bearer)) as given:
            assert given.repository("a/b").tags() == ["latest"]
    mounts = [fields for method, fields, _ in tokens.asked if method == "POST" and "a/d" in str(fields)]
    assert mounts[0]["scope"] == ["repository:a/b:pull repository:a/d:pull,push"]
    with_password = [fields for method, fields, password in tokens.asked if password]
    assert {tuple(fields["account"]) for fields in with_password} == {(USER,)}


def test_tls_of_a_private_authority(tmp_path: Path) -> None:
    """The authority is taken from certs.d or the configuration; on the loopback without one, any certificate."""
    authority, pair = server_pair(tmp_path / "ca")
    with real_registry(tmp_path / "registry", tls=pair, client_ca=authority.ca) as real:
        folder = tmp_path / "certs.d" / real.host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(authority.ca.read_bytes())
        client = authority.client()
        (folder / "client.cert").write_bytes(client.cert.read_bytes())
        (folder / "client.key").write_bytes(client.key.read_bytes())
        with Registry(real.host, replace(CONFIG, certificate_folders=(str(tmp_path / "certs.d"),))) as registry:
            push(registry.repository("by/tls"), "latest")
        named = HostSettings(ca=str(authority.ca), cert=str(client.cert), key=str(client.key))
        with Registry(real.host, replace(CONFIG, hosts={real.host: named})) as registry:
            assert registry.repository("by/tls").tags() == ["latest"]
        with Registry(real.host, CONFIG) as registry:
            with pytest.raises(Unreachable, match=r"tls: certificate required|server gave HTTP"):
                registry.repository("by/tls").tags()
        other, _ = server_pair(tmp_path / "other")
        strict = replace(CONFIG, hosts={real.host: HostSettings(ca=str(other.ca))})
        with Registry(real.host, strict) as registry:
            with pytest.raises(CertificateRefused, match="x509: certificate signed by unknown authority"):
                registry.repository("by/tls").tags()


def test_mirrors(tmp_path: Path, plain: RealRegistry) -> None:
    """A mirror of any registry is asked first; what it lacks, or when it is gone, comes from the registry itself."""
    with Registry(plain.host, CONFIG) as registry:
        data, digest = push(registry.repository("mirrored/one"), "latest")
    with real_registry(tmp_path) as empty:
        hosts = {plain.host: HostSettings(mirrors=(f"http://{empty.host}", "127.0.0.1:1"))}
        with Registry(plain.host, replace(CONFIG, hosts=hosts)) as registry:
            repository = registry.repository("mirrored/one")
            assert read(repository, digest, len(data)) == data
            assert repository.source == plain.host
        with Registry(empty.host, CONFIG) as registry:
            push(registry.repository("mirrored/one"), "latest")
        with Registry(plain.host, replace(CONFIG, hosts=hosts), ALICE) as registry:
            repository = registry.repository("mirrored/one")
            assert read(repository, digest, len(data)) == data
            assert repository.source == empty.host
            push(repository, "pushed")
        with Registry(empty.host, CONFIG) as registry:
            assert registry.repository("mirrored/one").tags() == ["latest"]


def test_nobody_there() -> None:
    with Registry("127.0.0.1:1", CONFIG) as registry:
        with pytest.raises(Unreachable) as caught:
            registry.repository("a/b").manifest("latest")
    assert caught.value.message == 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'
    with Registry("registry.invalid", CONFIG) as registry:
        with pytest.raises(Unreachable, match=r"dial tcp: lookup registry\.invalid"):
            registry.repository("a/b").manifest("latest")


def test_a_large_blob_through_pieces(plain: RealRegistry) -> None:
    """What is made while it is sent: the digest comes last."""
    made: list[str] = []

    def pieces() -> Iterator[bytes]:
        whole = hashlib.sha256()
        for number in range(20):
            piece = bytes([number]) * 100_000
            whole.update(piece)
            yield piece
        made.append("sha256:" + whole.hexdigest())

    with Registry(plain.host, CONFIG, NOBODY) as registry:
        repository = registry.repository("in/pieces")
        digest = repository.upload_stream(pieces, lambda: made[-1])
        assert repository.has_blob(digest) == 2_000_000
