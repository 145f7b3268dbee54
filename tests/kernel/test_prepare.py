"""What is made and looked up on the host before a start."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.kernel.cgroup import detect
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.runtime.host import find_features
from boxship.runtime.prepare import prepare
from boxship.runtime.spec import DeviceNode
from tests.unit.runtime.build import config, host


def test_the_sources_of_binds_are_made(tmp_path: Path):
    prepare(config(), host(Binds=[f"{tmp_path}/a/b:/x", f"{tmp_path}:/y"]))
    assert (tmp_path / "a/b").is_dir()


def test_a_mount_insists_on_its_source(tmp_path: Path):
    mount = {"Type": "bind", "Source": f"{tmp_path}/gone", "Target": "/x"}
    with pytest.raises(InvalidParameter, match="bind source path does not exist: "):
        prepare(config(), host(Mounts=[mount]))
    prepare(config(), host(Mounts=[{**mount, "BindOptions": {"CreateMountpoint": True}}]))
    assert (tmp_path / "gone").is_dir()


def test_devices(tmp_path: Path):
    (tmp_path / "link").symlink_to("/dev/zero")
    mapping = {"PathOnHost": f"{tmp_path}/link", "PathInContainer": "/dev/z", "CgroupPermissions": "r"}
    status = os.stat("/dev/zero")
    assert prepare(config(), host(Devices=[mapping])).devices == (
        DeviceNode("/dev/z", "c", 1, 5, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, "r"),
    )


def test_a_folder_of_devices(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    os.mknod(tmp_path / "one", 0o640 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(tmp_path / "deep/two", 0o600 | stat.S_IFBLK, os.makedev(7, 9))
    (tmp_path / "text").write_text("no device")
    mapping = {"PathOnHost": str(tmp_path), "PathInContainer": "/dev/all", "CgroupPermissions": "rwm"}
    nodes = {node.path: node for node in prepare(config(), host(Devices=[mapping])).devices}
    assert sorted(nodes) == ["/dev/all/deep/two", "/dev/all/one"]
    assert (nodes["/dev/all/deep/two"].kind, nodes["/dev/all/deep/two"].minor) == ("b", 9)
    assert nodes["/dev/all/one"].mode == 0o640


@pytest.mark.parametrize(
    ("path", "reason"), [("/dev/no-such", "no such file or directory"), ("/etc/passwd", "not a device node")]
)
def test_what_is_no_device(path: str, reason: str):
    mapping = {"PathOnHost": path, "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}
    with pytest.raises(BoxshipError) as caught:
        prepare(config(), host(Devices=[mapping]))
    assert caught.value.message == (f'error gathering device information while adding custom device "{path}": {reason}')


@pytest.mark.parametrize(
    "fields",
    [
        {"Binds": ["/tmp/a\0b:/x"]},
        {"Devices": [{"PathOnHost": "/dev/null\0", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}]},
        {"BlkioDeviceReadBps": [{"Path": "\0", "Rate": 1}]},
        {"BlkioWeightDevice": [{"Path": "/dev/\0", "Weight": 10}]},
    ],
)
def test_a_name_with_a_null_byte(fields: dict[str, object]):
    """JSON can carry one; it is an error like any other wrong name."""
    with pytest.raises(BoxshipError, match=r"^stat .*\0.*: invalid argument$"):
        prepare(config(), host(**fields))
    assert not os.path.exists("/tmp/a")


def test_all_devices_for_a_privileged_container():
    paths = {node.path for node in prepare(config(), host(Privileged=True)).devices}
    assert {"/dev/null", "/dev/zero", "/dev/tty"} <= paths
    assert not paths & {"/dev/ptmx", "/dev/console"}
    assert not any(path.startswith(("/dev/pts/", "/dev/shm/")) for path in paths)


def test_block_devices():
    prepared = prepare(config(), host(BlkioDeviceReadBps=[{"Path": "/dev/null", "Rate": 1}]))
    assert prepared.blocks == {"/dev/null": (1, 3)}
    with pytest.raises(BoxshipError, match="stat /dev/nope: no such file or directory"):
        prepare(config(), host(BlkioDeviceReadBps=[{"Path": "/dev/nope", "Rate": 1}]))


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "with blank"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_propagation_must_be_possible(mounted: Path):
    subprocess.run(["mount", "--make-private", str(mounted)], check=True)
    for mode, what in (("rshared", "shared"), ("slave", "shared or slave")):
        with pytest.raises(BoxshipError) as caught:
            prepare(config(), host(Binds=[f"{mounted}:/x:{mode}"]))
        assert caught.value.message == f"path {mounted} is mounted on {mounted} but it is not a {what} mount"
    subprocess.run(["mount", "--make-shared", str(mounted)], check=True)
    assert prepare(config(), host(Binds=[f"{mounted}:/x:rshared"])).propagation == "shared"
    assert prepare(config(), host(Binds=[f"{mounted}:/x:rslave"])).propagation == "rslave"
    assert prepare(config(), host(Binds=[f"{mounted}:/x"])).propagation == ""


def test_features_of_this_machine():
    features = find_features()
    assert features.cgroup_v2 == (detect().version == 2)
    assert features.cpus == len(os.sched_getaffinity(0))
    assert features.machine == os.uname().machine
    assert "CAP_CHOWN" in features.capabilities
    assert features.hostname == os.uname().nodename
    assert features.seccomp
