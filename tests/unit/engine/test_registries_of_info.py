"""What `docker info` tells of registries."""

from boxship.engine.system.registries import proxies, registries
from boxship.registry.config import HostSettings, RegistryConfig
from boxship.registry.proxies import Proxies


def test_without_a_configuration() -> None:
    """As Docker 28.5 answers."""
    index = {"Mirrors": [], "Name": "docker.io", "Official": True, "Secure": True}
    assert registries(RegistryConfig()) == {
        "IndexConfigs": {"docker.io": index},
        "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"],
        "Mirrors": None,
    }


def test_with_one() -> None:
    hosts = {"a:1": HostSettings(plain_http=True), "b": HostSettings(mirrors=("https://m",))}
    told = registries(RegistryConfig(hosts, ("https://hub.invalid",), ("c:2", "10.0.0.0/8")))
    assert told["Mirrors"] == told["IndexConfigs"]["docker.io"]["Mirrors"] == ["https://hub.invalid/"]
    assert {name: index["Secure"] for name, index in told["IndexConfigs"].items()} == {
        "a:1": False, "b": True, "c:2": False, "docker.io": True,
    }  # fmt: skip
    assert told["IndexConfigs"]["b"]["Mirrors"] == ["https://m"]
    assert told["InsecureRegistryCIDRs"][-1] == "10.0.0.0/8"


def test_a_proxy_keeps_its_password() -> None:
    config = RegistryConfig(proxies=Proxies("http://u:p@h:1/x", "http://h:2", ("a", "b")))
    assert proxies(config) == {"HttpProxy": "http://xxxxx:xxxxx@h:1/x", "HttpsProxy": "http://h:2", "NoProxy": "a,b"}
