"""User and time namespaces, id-mapped mounts, and the rest that only other engines' specs ask for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.oci import MAPS, SPEC, USER, Runtime, own


@pytest.fixture
def runtime(client_home: Path) -> Iterator[Runtime]:
    made = Runtime(client_home / "bin/busybox")
    try:
        yield made
    finally:
        made.close()


def test_a_user_namespace(runtime: Runtime) -> None:
    own(runtime.bundle / "rootfs")
    script = "id -u; cat /proc/self/uid_map /proc/self/gid_map /proc/self/oom_score_adj; touch /made; "
    script += "echo >/dev/null; sleep 600"
    runtime.spec("sh", "-c", script, process__oomScoreAdj=17, **MAPS)
    out = runtime.folder / "out"
    with out.open("w") as file:
        command = runtime.command("create", "--bundle", str(runtime.bundle), runtime.id)
        subprocess.run(command, stdout=file, stdin=subprocess.DEVNULL, check=True, timeout=60)
    runtime.run("start", runtime.id)
    user = runtime.run("exec", runtime.id, "sh", "-c", "id -u; cat /proc/self/uid_map; touch /by-exec").stdout.split()
    assert user == ["0", "0", "200000", "1000"]
    made = (runtime.bundle / "rootfs/made").stat()
    assert (made.st_uid, made.st_gid) == (200000, 300000)
    assert out.read_text().split() == ["0", "0", "200000", "1000", "0", "300000", "1000", "17"]
    runtime.run("delete", "--force", runtime.id)


@pytest.mark.parametrize("propagation", ["rslave", "rprivate", "rshared"])
def test_a_user_namespace_where_the_hosts_mounts_are_shared(runtime: Runtime, propagation: str) -> None:
    """As systemd has them. What the container mounts is its own, whatever its root's propagation is to be."""
    own(runtime.bundle / "rootfs")
    data = runtime.folder / "data"
    data.mkdir()
    binds = [
        {"destination": f"/{kind}", "type": "bind", "source": str(data), "options": ["rbind", kind]}
        for kind in ("rslave", "slave", "private")
    ]
    runtime.spec(
        "cat", "/proc/self/uid_map", mounts=[*SPEC["mounts"], *binds], linux__rootfsPropagation=propagation, **MAPS
    )
    command = " ".join(runtime.command("run", "--bundle", str(runtime.bundle), runtime.id))
    script = f"{command}; grep {runtime.folder} /proc/self/mountinfo"
    shared = ["unshare", "--mount", "--propagation", "shared", "sh", "-c", script]
    done = subprocess.run(shared, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.split() == ["0", "200000", "1000"], done.stderr


def test_a_user_namespace_below_folders_that_its_root_may_not_enter(runtime: Runtime) -> None:
    own(runtime.bundle / "rootfs")
    runtime.folder.chmod(0o700)
    secret = runtime.folder / "secret"
    secret.mkdir()
    (secret / "word").write_text("seen\n")
    mounts = [*SPEC["mounts"], {"destination": "/s", "source": str(secret), "options": ["rbind", "ro"]}]
    assert runtime.output_of("cat", "/s/word", mounts=mounts, **MAPS) == "seen\n"


def test_limits_above_the_callers_and_more_groups(runtime: Runtime) -> None:
    own(runtime.bundle / "rootfs")
    changes: dict[str, Any] = {
        "process__rlimits": [{"type": "RLIMIT_CORE", "soft": 77, "hard": 99}],
        "process__user": {"uid": 5, "gid": 6, "additionalGids": [7, 8], "umask": 0o27},
    }
    out = runtime.output_of("sh", "-c", "id -u; id -G; umask; ulimit -c; ulimit -Hc; true", **changes, **MAPS)
    assert out.split("\n")[:3] == ["5", "6 7 8", "0027"]


def test_ids_that_cannot_be_mapped(runtime: Runtime) -> None:
    twice = [{"containerID": 0, "hostID": 1000, "size": 10}, {"containerID": 5, "hostID": 2000, "size": 10}]
    changes = {**MAPS, "linux__uidMappings": twice}
    assert "map the ids" in runtime.refusal("true", **changes)
    assert "needs linux.uidMappings" in runtime.refusal("true", linux__namespaces=USER)


def test_joining_a_user_namespace_with_what_it_owns(runtime: Runtime) -> None:
    own(runtime.bundle / "rootfs")
    runtime.spec("sleep", "600", **MAPS)
    runtime.create()
    pid = runtime.state()["pid"]
    first, runtime.id = runtime.id, f"{runtime.id}-b"
    joined = [
        {"type": kind, "path": f"/proc/{pid}/ns/{name}"}
        for kind, name in (("user", "user"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts"))
    ]
    out = runtime.output_of(
        "sh", "-c", "id -u; cat /proc/self/uid_map", linux__namespaces=[*joined, {"type": "mount"}, {"type": "pid"}]
    )
    assert out.split() == ["0", "0", "200000", "1000"]
    runtime.id = first


def test_id_mapped_mounts(runtime: Runtime) -> None:
    data = runtime.folder / "data"
    data.mkdir()
    (data / "file").touch()
    os.chown(data / "file", 4, 4)
    maps = [{"containerID": 4, "hostID": 7000, "size": 1}]
    entry = {
        "destination": "/d",
        "source": str(data),
        "options": ["bind", "idmap"],
        "uidMappings": maps,
        "gidMappings": maps,
    }
    assert runtime.output_of("stat", "-c", "%u:%g", "/d/file", mounts=[*SPEC["mounts"], entry]) == "7000:7000\n"
    alone = {"destination": "/d", "source": str(data), "options": ["bind", "idmap"]}
    assert "idmap without uidMappings" in runtime.refusal("true", mounts=[alone])
    assert "go together" in runtime.refusal("true", mounts=[{**alone, "uidMappings": maps}])

    # With the container's own mapping the files look as on the host.
    own(runtime.bundle / "rootfs")
    assert runtime.output_of("stat", "-c", "%u:%g", "/d/file", mounts=[*SPEC["mounts"], alone], **MAPS) == "4:4\n"


def test_a_time_namespace(runtime: Runtime) -> None:
    offsets = {"monotonic": {"secs": 86400}, "boottime": {"secs": 864000, "nanosecs": 5}}
    namespaces = [*SPEC["linux"]["namespaces"], {"type": "time"}]
    runtime.spec("sleep", "600", linux__namespaces=namespaces, linux__timeOffsets=offsets)
    runtime.create()
    runtime.run("start", runtime.id)
    with open("/proc/uptime") as file:
        host = float(file.read().split()[0])
    inside = float(runtime.run("exec", runtime.id, "cat", "/proc/uptime").stdout.split()[0])
    assert inside - host >= 864000
    assert (
        runtime.run("exec", runtime.id, "readlink", "/proc/self/ns/time").stdout
        != f"{os.readlink('/proc/self/ns/time')}\n"
    )


def test_a_namespace_of_another_kind_is_refused(runtime: Runtime) -> None:
    namespaces = [{"type": "mount"}, {"type": "network", "path": "/proc/self/ns/uts"}]
    assert "join namespace at /proc/self/ns/uts" in runtime.refusal("true", linux__namespaces=namespaces)


def test_no_mount_namespace_leaves_no_mounts(runtime: Runtime) -> None:
    out = runtime.output_of("sh", "-c", "echo /*; readlink /proc/self/ns/mnt", linux__namespaces=[{"type": "pid"}])
    assert out.split("\n")[1] == os.readlink("/proc/self/ns/mnt")
    assert "/bin" in out


def test_personality_and_schedulers(runtime: Runtime) -> None:
    changes: dict[str, Any] = {
        "linux__personality": {"domain": "LINUX32"},
        "process__scheduler": {"policy": "SCHED_BATCH", "nice": 3},
        "process__ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 0},
    }
    out = runtime.output_of("sh", "-c", "uname -m; cat /proc/self/stat", **changes)
    machine, stat = out.split("\n")[:2]
    assert machine == "i686" if os.uname().machine == "x86_64" else machine
    fields = stat.rpartition(")")[2].split()
    assert (fields[16], fields[38]) == ("3", "3")


def test_exec_stays_on_its_cpus(runtime: Runtime) -> None:
    import json

    runtime.spec("sleep", "600")
    runtime.create()
    process = {
        **SPEC["process"],
        "args": ["cat", "/proc/self/status"],
        "execCPUAffinity": {"initial": "0", "final": "0"},
    }
    path = runtime.folder / "process.json"
    path.write_text(json.dumps(process))
    out = runtime.run("exec", "--process", str(path), runtime.id).stdout
    assert "Cpus_allowed_list:\t0\n" in out


def test_tmpfs_over_what_is_there(runtime: Runtime) -> None:
    """tmpcopyup keeps what it covers, links, owners and modes with it."""
    folder = runtime.bundle / "rootfs/data/sub"
    folder.mkdir(parents=True)
    (folder / "file").write_text("text\n")
    (folder / "file").chmod(0o4750)
    os.chown(folder / "file", 11, 12)
    os.chmod(folder / "file", 0o4750)
    (folder / "link").symlink_to("/no/where")
    entry = {"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}
    script = "cat /data/sub/file; stat -c %u:%g:%a /data/sub/file; readlink /data/sub/link; touch /data/new"
    out = runtime.output_of("sh", "-c", script, mounts=[*SPEC["mounts"], entry])
    assert out.split() == ["text", "11:12:4750", "/no/where"]
    assert not (runtime.bundle / "rootfs/data/new").exists()


def test_remount_recursive_and_read_only_dev(runtime: Runtime) -> None:
    mounts = [
        SPEC["mounts"][0],
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "ro", "mode=755"]},
        {"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k"]},
        {"destination": "/t", "options": ["remount", "ro"]},
        {"destination": "/b", "source": str(runtime.bundle / "rootfs/bin"), "options": ["rbind", "rro", "rnosuid"]},
    ]
    script = "echo >/dev/null && echo null; for p in /dev /t /b; do touch $p/x 2>/dev/null && echo $p; done; true"
    assert runtime.output_of("sh", "-c", script, mounts=mounts) == "null\n"


def test_devices_of_every_kind(runtime: Runtime) -> None:
    devices = [
        {"path": "/dev/c", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 1, "gid": 2},
        {"path": "/dev/u", "type": "u", "major": 1, "minor": 5},
        {"path": "/somewhere/b", "type": "b", "major": 7, "minor": 0},
        {"path": "/dev/p", "type": "p", "fileMode": 0o600},
    ]
    names = [device["path"] for device in devices]
    out = runtime.output_of("stat", "-c", "%F %t:%T %a %u:%g", *names, linux__devices=devices)
    assert out.split("\n")[:4] == [
        "character special file 1:3 640 1:2",
        "character special file 1:5 666 0:0",
        "block special file 7:0 666 0:0",
        "fifo 0:0 600 0:0",
    ]


@pytest.fixture
def device() -> Iterator[str]:
    """A network device of the host's with two addresses."""
    name = f"bxt{os.getpid() % 100000}"
    subprocess.run(["ip", "link", "add", name, "mtu", "1400", "type", "veth", "peer", "name", f"{name}p"], check=True)
    subprocess.run(["ip", "link", "set", f"{name}p", "up"], check=True)
    for address in ("192.0.2.7/25", "2001:db8::7/64"):
        subprocess.run(["ip", "addr", "add", address, "dev", name], check=True)
    yield name
    # Gone with the namespace, or the other end still here.
    subprocess.run(["ip", "link", "del", f"{name}p"], check=False, capture_output=True)


def test_a_network_device_moves_in_with_its_addresses(runtime: Runtime, device: str) -> None:
    runtime.spec("sleep", "600", linux__netDevices={device: {"name": "inner0"}})
    runtime.create()
    inside = ["nsenter", "-t", str(runtime.state()["pid"]), "-n"]
    shown = subprocess.run([*inside, "ip", "addr", "show", "inner0"], capture_output=True, text=True, check=True).stdout
    assert "mtu 1400" in shown and "state UP" in shown
    assert "inet 192.0.2.7/25" in shown and "inet6 2001:db8::7/64" in shown
    assert subprocess.run(["ip", "link", "show", device], capture_output=True, check=False).returncode
    runtime.run("delete", "--force", runtime.id)


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        ({"bxt-not-there": {}}, "there is no network device bxt-not-there on this host"),
        ({"a/b": {}}, "'a/b' is not a device's name"),
        ({"a": {"name": "x"}, "b": {"name": "x"}}, "two devices would have the same name"),
    ],
)
def test_devices_that_cannot_move_are_named(runtime: Runtime, devices: dict[str, Any], said: str) -> None:
    assert said in runtime.refusal("true", linux__netDevices=devices)


def test_devices_need_a_network_namespace(runtime: Runtime) -> None:
    others = [entry for entry in SPEC["linux"]["namespaces"] if entry["type"] != "network"]
    assert "need a network namespace" in runtime.refusal("true", linux__netDevices={"lo": {}}, linux__namespaces=others)


def test_a_memory_policy(runtime: Runtime) -> None:
    """The kernel tells of each mapping which policy it is under (numa(7), numa_maps)."""
    if not os.path.exists("/proc/self/numa_maps"):
        pytest.skip("this kernel has no NUMA policies")
    policy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}
    assert "bind=static:0 " in runtime.output_of("cat", "/proc/self/numa_maps", linux__memoryPolicy=policy)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"mode": "MPOL_ELSEWHERE"}, "linux.memoryPolicy.mode 'MPOL_ELSEWHERE' is not known"),
        ({"mode": "MPOL_BIND", "flags": ["MPOL_F_X"]}, "linux.memoryPolicy.flags: 'MPOL_F_X' is not known"),
        ({"mode": "MPOL_BIND", "nodes": "all"}, "'all' is no list of nodes"),
        ({"mode": "MPOL_BIND", "nodes": "5000"}, "'5000' is no list of nodes"),
        ({"mode": "MPOL_BIND"}, "memory_policy"),
    ],
)
def test_a_memory_policy_that_makes_no_sense(runtime: Runtime, policy: dict[str, Any], said: str) -> None:
    """The last one is the kernel's to say: a mode that needs nodes."""
    assert said in runtime.refusal("true", linux__memoryPolicy=policy)
