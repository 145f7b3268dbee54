"""Registries behind proxies: the proxy learns its own password, and of TLS nothing but the host."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from boxship.model.digest import sha256
from boxship.registry.client import Registry
from boxship.registry.config import HostSettings, RegistryConfig
from boxship.registry.credentials import Credentials
from boxship.registry.errors import Unreachable
from boxship.registry.limits import Patience
from boxship.registry.proxies import from_environment
from tests.support.certificates import Authority
from tests.support.proxy import proxy
from tests.support.registry import PASSWORD, USER, real_registry

CONFIG = RegistryConfig(certificate_folders=(), patience=Patience(2, 0.001))
ALICE = Credentials(USER, PASSWORD)
DATA = b"a layer" * 100_000
OURS = "Basic " + base64.b64encode(b"pro:xy").decode()


def there_and_back(host: str, config: RegistryConfig) -> None:
    with Registry(host, config, ALICE) as registry:
        repository = registry.repository("by/proxy")
        repository.upload_blob(sha256(DATA), len(DATA), lambda: [DATA])
        assert repository.read_blob(sha256(DATA), len(DATA)) == DATA


def test_tls_through_a_tunnel(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca", "proxy tests")
    pair = authority.server("DNS:registry.invalid")
    with real_registry(tmp_path / "registry", htpasswd=True, tls=pair) as real:
        with proxy({"registry.invalid": real.host}, OURS) as between:
            told = from_environment({"HTTPS_PROXY": f"http://pro:xy@{between.host}", "NO_PROXY": "other.invalid"})
            hosts = {"registry.invalid": HostSettings(ca=str(authority.ca))}
            there_and_back("registry.invalid", replace(CONFIG, hosts=hosts, proxies=told))
    assert {(method, target) for method, target, _ in between.asked} == {("CONNECT", "registry.invalid:443")}
    assert all(headers["proxy-authorization"] == OURS for _, _, headers in between.asked)
    assert not any("authorization" in headers for _, _, headers in between.asked)


def test_plain_http_by_a_proxy(tmp_path: Path) -> None:
    with real_registry(tmp_path, htpasswd=True) as real:
        with proxy({"registry.invalid": real.host}) as between:
            hosts = {"registry.invalid": HostSettings(plain_http=True)}
            told = from_environment({"http_proxy": between.host})
            there_and_back("registry.invalid", replace(CONFIG, hosts=hosts, proxies=told))
    assert all(target.startswith("http://registry.invalid/v2/") for _, target, _ in between.asked)


def test_a_proxy_that_refuses_or_is_not_there() -> None:
    with proxy({}, OURS) as between:
        for url, why in ((f"http://wrong:one@{between.host}", "407"), ("http://127.0.0.1:1", "proxyconnect tcp")):
            config = replace(CONFIG, proxies=from_environment({"HTTPS_PROXY": url}))
            with Registry("registry.invalid", config) as registry, pytest.raises(Unreachable, match=why):
                registry.repository("a/b").manifest("latest")
