"""What hangs on the API version."""

from __future__ import annotations

from typing import Any

import pytest

from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HealthConfig, HostConfig, Mount
from boxship.server import versions
from boxship.server.versions import adapt_create, check_version, parse_version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.99", "client version 1.99 is too new. Maximum supported API version is 1.51"),
        ("2", "client version 2 is too new. Maximum supported API version is 1.51"),
        *(
            (
                text,
                f"client version {text} is too old. Minimum supported API version is 1.24, please upgrade your client "
                "to a newer version",
            )
            for text in ("1.23", "1", "1..4", ".", "0.99")
        ),
    ],
)
def test_versions_that_are_not_spoken(text: str, message: str) -> None:
    """In Docker's words."""
    with pytest.raises(InvalidParameter) as caught:
        check_version(text)
    assert caught.value.message == message


def test_versions_compare_as_numbers() -> None:
    """Also in odd spellings, which Docker takes."""
    assert check_version("") == check_version("1.51") == (1, 51)
    assert check_version("01.40") == check_version("1.040.0") == (1, 40)
    assert check_version("1.24") == (1, 24)
    assert parse_version("1.9") < parse_version("1.10") < parse_version("2")


def adapted(version: str, host: HostConfig, config: ContainerConfig | None = None, *, v2: bool = False) -> HostConfig:
    return adapt_create(parse_version(version), config or ContainerConfig(image="x"), host, {}, cgroup_v2=v2)[1]


def test_the_newest_version_changes_nothing() -> None:
    """The engine speaks it."""
    host = HostConfig(auto_remove=True, console_size=[1, 2], annotations={"a": "b"}, kernel_memory_tcp=1)
    assert adapted("1.51", host) == host


def test_what_older_versions_did_not_have_is_ignored() -> None:
    """Each field until the version that brought it."""
    host = HostConfig(auto_remove=True, console_size=[1, 2], annotations={"a": "b"}, kernel_memory_tcp=1)
    assert not adapted("1.24", host).auto_remove and adapted("1.25", host).auto_remove
    assert adapted("1.39", host).kernel_memory_tcp == 0 and adapted("1.40", host).kernel_memory_tcp == 1
    assert adapted("1.41", host).console_size is None and adapted("1.42", host).console_size == [1, 2]
    assert adapted("1.42", host).annotations is None and adapted("1.43", host).annotations == {"a": "b"}


def test_defaults_of_older_versions() -> None:
    """IPC was shareable, the cgroup namespace was the host's."""
    assert adapted("1.39", HostConfig()).ipc_mode == "shareable"
    assert adapted("1.39", HostConfig(ipc_mode="host")).ipc_mode == "host"
    assert adapted("1.40", HostConfig()).ipc_mode == ""
    assert adapted("1.40", HostConfig()).cgroupns_mode == "host"
    assert adapted("1.40", HostConfig(), v2=True).cgroupns_mode == ""
    assert adapted("1.41", HostConfig()).cgroupns_mode == ""


def test_health_checks_had_no_start_interval() -> None:
    """Before 1.44."""
    config = ContainerConfig(image="x", healthcheck=HealthConfig(start_interval=5))
    got = adapt_create((1, 43), config, HostConfig(), {}, cgroup_v2=False)[0]
    assert got.healthcheck is not None and got.healthcheck.start_interval == 0


@pytest.mark.parametrize(
    ("version", "mount", "message"),
    [
        (
            "1.43",
            Mount(type="bind", bind_options={"ReadOnlyForceRecursive": True}),
            "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer",
        ),
        (
            "1.44",
            Mount(type="volume", volume_options={"Subpath": "a"}),
            "VolumeOptions.Subpath needs API v1.45 or newer",
        ),
        ("1.47", Mount(type="image"), 'Mount type "Image" needs API v1.48 or newer'),
        ("1.42", Mount(type="bind", volume_options={}), 'VolumeOptions must not be specified on mount type "bind"'),
        ("1.51", Mount(type="tmpfs", bind_options={}), 'BindOptions must not be specified on mount type "tmpfs"'),
        ("1.51", Mount(type="bind", tmpfs_options={}), 'TmpfsOptions must not be specified on mount type "bind"'),
    ],
)
def test_mounts_that_a_version_refuses(version: str, mount: Mount, message: str) -> None:
    """In Docker's words."""
    with pytest.raises(InvalidParameter) as caught:
        adapted(version, HostConfig(mounts=[mount]))
    assert caught.value.message == message


def test_mounts_of_older_versions() -> None:
    """Options that came later are taken out, combinations that nobody checked are mended."""
    bind = Mount(type="bind", read_only=True, bind_options={"CreateMountpoint": True, "NonRecursive": True})
    [old] = adapted("1.39", HostConfig(mounts=[bind])).mounts or []
    assert old.bind_options == {"ReadOnlyNonRecursive": True}
    [newer] = adapted("1.43", HostConfig(mounts=[bind])).mounts or []
    assert newer.bind_options == {"CreateMountpoint": True, "NonRecursive": True, "ReadOnlyNonRecursive": True}
    odd = Mount(type="bind", volume_options={}, tmpfs_options={})
    [mended] = adapted("1.41", HostConfig(mounts=[odd])).mounts or []
    assert mended.volume_options is None and mended.tmpfs_options is None


def test_many_networks_at_create() -> None:
    """Since 1.44."""
    networking = {"EndpointsConfig": {"a": {}, "b": {}}}
    arguments = (ContainerConfig(image="x"), HostConfig(), networking)
    adapt_create((1, 44), *arguments, cgroup_v2=False)
    with pytest.raises(InvalidParameter, match="Container cannot be created with multiple network endpoints: a, b"):
        adapt_create((1, 43), *arguments, cgroup_v2=False)


INFO = {
    "FirewallBackend": {"Driver": "x"},
    "CgroupVersion": "1",
    "ContainerdCommit": {"ID": ""},
    "RuncCommit": {"ID": "r"},
    "InitCommit": {"ID": "i"},
    "RegistryConfig": {"Mirrors": None},
    "Containerd": {},
    "Runtimes": {"runc": {"path": "runc", "status": {}}},
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
}


def test_info_of_older_versions() -> None:
    """Each field until the version that brought it, or from the one that dropped it."""
    assert versions.info((1, 51), dict(INFO)) == INFO
    old = versions.info((1, 24), dict(INFO))
    assert old["SecurityOptions"] == ["seccomp", "cgroupns"]
    assert old["Runtimes"] == {"runc": {"path": "runc"}}
    assert old["RuncCommit"] == {"ID": "r", "Expected": "r"}
    assert old["ContainerdCommit"] == {"ID": ""}
    assert old["KernelMemory"] is True
    assert old["BridgeNfIptables"] is False
    assert "AllowNondistributableArtifactsCIDRs" in old["RegistryConfig"]
    assert not {"FirewallBackend", "Containerd"} & old.keys()


def test_inspect_of_older_versions() -> None:
    """Until 1.44 the short id and the host name were among the aliases of networks that people make."""
    body = {
        "Id": "0123456789abcdef",
        "Config": {"Hostname": "h"},
        "NetworkSettings": {"Networks": {"bridge": {"Aliases": None}, "mine": {"Aliases": ["h", "x"]}}},
    }
    versions.container_inspect((1, 44), body)
    assert body["NetworkSettings"]["Networks"] == {  # type: ignore[index]
        "bridge": {"Aliases": None},
        "mine": {"Aliases": ["h", "x", "0123456789ab"]},
    }


def test_disk_usage_of_old_clients() -> None:
    """Annotations came with 1.46, VirtualSize went with 1.44; no names are null, whatever the version."""

    def body(version: str) -> dict[str, Any]:
        image = {"RepoTags": [], "RepoDigests": [], "Size": 7}
        container = {"HostConfig": {"NetworkMode": "none", "Annotations": {"a": "b"}}}
        return versions.disk_usage(parse_version(version), {"Images": [image], "Containers": [container]})

    assert body("1.43")["Images"] == [{"RepoTags": None, "RepoDigests": None, "Size": 7, "VirtualSize": 7}]
    assert body("1.44")["Images"] == [{"RepoTags": None, "RepoDigests": None, "Size": 7}]
    assert "Annotations" not in body("1.45")["Containers"][0]["HostConfig"]
    assert "Annotations" in body("1.46")["Containers"][0]["HostConfig"]
    assert versions.disk_usage((1, 24), {"Images": None, "Containers": None}) == {"Images": None, "Containers": None}
