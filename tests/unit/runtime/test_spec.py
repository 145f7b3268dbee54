"""The runtime spec of a container, as Docker 28.5 has runc get it (differences: docs/decisions)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.container import ExecConfig
from boxship.runtime.spec import DeviceNode, Prepared, build_exec_process
from boxship.runtime.spec.capabilities import DEFAULT_CAPABILITIES
from tests.unit.runtime.build import CAPABILITIES, FEATURES, ID, config, host, mounts, spec

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def of(**fields: Any) -> dict[str, Any]:
    """The spec of a container with this HostConfig."""
    return spec(config=config(Hostname="box"), host=host(**fields))


def kinds(result: dict[str, Any]) -> list[str]:
    return [namespace["type"] for namespace in result["linux"]["namespaces"]]


def test_a_plain_container():
    result = of()
    assert result["ociVersion"] == "1.2.1"
    assert result["root"] == {"path": "/run/root"}
    assert result["hostname"] == "box"
    assert json.loads(result["annotations"]["boxship.overlay"]) == {
        "lower": ["/layers/2", "/layers/1"],
        "upper": "/upper",
        "work": "/work",
    }
    assert kinds(result) == ["mount", "network", "uts", "pid", "ipc"]
    assert result["linux"]["cgroupsPath"] == f"/boxship/test/{ID}"
    assert [mount["destination"] for mount in result["mounts"]] == [
        *("/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm"),
        *("/etc/resolv.conf", "/etc/hostname", "/etc/hosts"),
    ]
    assert mounts(result)["/dev/shm"]["options"] == ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"]
    assert mounts(result)["/etc/hosts"] == {
        "destination": "/etc/hosts",
        "type": "bind",
        "source": "/c/hosts",
        "options": ["rbind", "rprivate"],
    }
    assert "/proc/kcore" in result["linux"]["maskedPaths"]
    assert "/proc/sys" in result["linux"]["readonlyPaths"]
    assert result["linux"]["sysctl"]["net.ipv4.ip_unprivileged_port_start"] == "0"
    assert result["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    json.dumps(result)


def test_a_spec_shares_nothing_that_changes():
    first, second = of(), of()
    assert first == second
    first["process"]["capabilities"]["bounding"].clear()
    first["linux"]["resources"]["devices"].clear()
    first["mounts"].clear()
    assert of() == second


def test_the_process():
    result = spec(
        config=config(Hostname="box", Entrypoint=["sh", "-c"], Cmd=["env"], User="u:g", WorkingDir="/w", Env=["A=b"]),
        host=host(OomScoreAdj=7, GroupAdd=["audio", "5"], Ulimits=[{"Name": "nofile", "Soft": 10, "Hard": -1}]),
    )
    process = result["process"]
    assert process["args"] == ["sh", "-c", "env"]
    assert process["user"] == {"uid": 0, "gid": 0, "username": "u:g"}
    assert process["cwd"] == "/w"
    assert process["env"] == [DEFAULT_PATH, "HOSTNAME=box", "A=b"]
    assert process["oomScoreAdj"] == 7
    assert process["rlimits"] == [{"type": "RLIMIT_NOFILE", "hard": (1 << 64) - 1, "soft": 10}]
    assert result["annotations"]["boxship.groups"] == "audio,5"
    assert "terminal" not in process and "noNewPrivileges" not in process


def test_environment_replaces_and_takes_away():
    result = spec(
        config=config(Hostname="box", Tty=True, Env=["PATH=/x", "TERM=vt", "HOSTNAME", "B=1", "B=2"]), host=host()
    )
    assert result["process"]["env"] == ["PATH=/x", "TERM=vt", "B=2"]


def test_a_terminal():
    result = spec(config=config(Tty=True), host=host(ConsoleSize=[24, 80]))
    assert result["process"]["terminal"] is True
    assert result["process"]["consoleSize"] == {"height": 24, "width": 80}
    assert "TERM=xterm" in result["process"]["env"]
    assert "consoleSize" not in spec(config=config(Tty=True), host=host(ConsoleSize=[0, 0]))["process"]


def test_no_command():
    for empty in ({"Cmd": None}, {"Cmd": [], "Entrypoint": [""]}):
        with pytest.raises(InvalidParameter, match="no command specified"):
            spec(config=config(**empty), host=host())


def test_names_of_the_machine():
    result = spec(config=config(Hostname="box", Domainname="example.org"), host=host())
    assert (result["hostname"], result["domainname"]) == ("box", "example.org")
    result = spec(config=config(Hostname="vm"), host=host(UTSMode="host"))
    assert "hostname" not in result and "uts" not in kinds(result)


def test_the_hosts_namespaces():
    result = of(NetworkMode="host", PidMode="host", IpcMode="host", UTSMode="host", CgroupnsMode="private")
    assert kinds(result) == ["mount", "cgroup"]
    assert "sysctl" not in result["linux"]
    assert mounts(result)["/dev/shm"]["source"] == "/dev/shm"


def test_networks():
    for mode in ("", "default", "bridge", "none"):
        assert {"type": "network"} in of(NetworkMode=mode)["linux"]["namespaces"]
    # A network's namespace is made before the spec is.
    result = spec(config=config(), host=host(NetworkMode="backend"), joined={"network": "/proc/7/fd/9"})
    assert {"type": "network", "path": "/proc/7/fd/9"} in result["linux"]["namespaces"]


def test_joining_another_container():
    fields = {"PidMode": "container:abc", "NetworkMode": "container:abc", "IpcMode": "container:abc"}
    joined = {"pid": "/proc/7/ns/pid", "network": "/proc/7/ns/net", "ipc": "/proc/7/ns/ipc"}
    result = spec(config=config(), host=host(**fields), joined=joined)
    assert {"type": "pid", "path": "/proc/7/ns/pid"} in result["linux"]["namespaces"]
    assert "sysctl" not in result["linux"]
    with pytest.raises(BoxshipError, match="namespace of container abc was not found"):
        spec(config=config(), host=host(**fields))


def test_cgroup_namespace_follows_the_version():
    assert "cgroup" not in kinds(of())
    v2 = replace(FEATURES, cgroup_v2=True)
    assert "cgroup" in kinds(spec(config=config(), host=host(), features=v2))
    assert "cgroup" not in kinds(spec(config=config(), host=host(CgroupnsMode="host"), features=v2))


def test_cgroup_parent():
    assert of(CgroupParent="mine/deep/")["linux"]["cgroupsPath"] == f"/mine/deep/{ID}"


def test_capabilities():
    def held(**fields: Any) -> list[str]:
        return of(**fields)["process"]["capabilities"]["bounding"]

    assert held() == list(DEFAULT_CAPABILITIES)
    assert held(CapAdd=["net_admin"]) == [*DEFAULT_CAPABILITIES, "CAP_NET_ADMIN"]
    assert "CAP_CHOWN" not in held(CapDrop=["chown"])
    assert held(CapDrop=["ALL"], CapAdd=["CAP_KILL"]) == ["CAP_KILL"]
    assert held(CapDrop=["ALL"]) == []
    assert held(CapAdd=["ALL"], CapDrop=["MKNOD"]) == [name for name in CAPABILITIES if name != "CAP_MKNOD"]
    assert held(Privileged=True) == list(CAPABILITIES)


def test_a_default_capability_that_the_machine_lacks():
    features = replace(FEATURES, capabilities=("CAP_CHOWN", "CAP_KILL"))
    result = spec(config=config(), host=host(), features=features)
    assert result["process"]["capabilities"]["permitted"] == ["CAP_CHOWN", "CAP_KILL"]


def test_seccomp():
    assert "seccomp" not in of(SecurityOpt=["seccomp=unconfined"])["linux"]
    assert "seccomp" not in of(Privileged=True)["linux"]
    assert "seccomp" in of(Privileged=True, SecurityOpt=["seccomp=builtin"])["linux"]
    assert "seccomp" not in of(SecurityOpt=["seccomp={}"])["linux"]
    own = of(SecurityOpt=['seccomp={"defaultAction":"SCMP_ACT_LOG"}'])["linux"]["seccomp"]
    assert own == {"defaultAction": "SCMP_ACT_LOG", "syscalls": []}


def test_no_new_privileges():
    for option in ("no-new-privileges", "no-new-privileges=true", "no-new-privileges:1"):
        assert of(SecurityOpt=[option])["process"]["noNewPrivileges"] is True
    assert "noNewPrivileges" not in of(SecurityOpt=["no-new-privileges=false"])["process"]


def test_privileged():
    node = DeviceNode("/dev/fuse", "c", 10, 229, 0o600, 0, 0)
    result = spec(config=config(), host=host(Privileged=True), prepared=Prepared(devices=(node,)))
    assert "maskedPaths" not in result["linux"] and "readonlyPaths" not in result["linux"]
    assert "ro" not in mounts(result)["/sys"]["options"]
    assert "ro" not in mounts(result)["/sys/fs/cgroup"]["options"]
    assert result["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert result["linux"]["devices"][0]["path"] == "/dev/fuse"


def test_lists_of_paths_that_were_given_stand():
    result = of(MaskedPaths=[], ReadonlyPaths=["/proc/x"])
    assert "maskedPaths" not in result["linux"]
    assert result["linux"]["readonlyPaths"] == ["/proc/x"]


def test_a_read_only_root():
    result = of(ReadonlyRootfs=True)
    assert result["root"]["readonly"] is True
    assert mounts(result)["/etc/hosts"]["options"] == ["rbind", "rro", "rprivate"]


def test_shm():
    assert mounts(of(ShmSize=1 << 20))["/dev/shm"]["options"][-1] == "size=1048576"
    assert "/dev/shm" not in mounts(of(IpcMode="none"))


def test_writable_cgroups():
    assert "ro" not in mounts(of(SecurityOpt=["writable-cgroups=true"]))["/sys/fs/cgroup"]["options"]


def test_binds_and_tmpfs():
    result = of(
        Binds=["/h/one:/deep/er/one:ro", "/h:/a", "/h/hosts:/etc/hosts", "/h/shm:/dev/shm"],
        Mounts=[
            {"Type": "bind", "Source": "/h", "Target": "/m", "ReadOnly": True},
            {
                "Type": "bind",
                "Source": "/h",
                "Target": "/n",
                "BindOptions": {"NonRecursive": True, "Propagation": "slave"},
            },
            {
                "Type": "bind",
                "Source": "/h",
                "Target": "/o",
                "ReadOnly": True,
                "BindOptions": {"ReadOnlyNonRecursive": True},
            },
            {"Type": "tmpfs", "Target": "/p", "TmpfsOptions": {"SizeBytes": 5}},
        ],
        Tmpfs={"/t": "size=1m"},
    )
    found = mounts(result)
    assert found["/deep/er/one"]["options"] == ["rbind", "rro", "rprivate"]
    assert found["/m"]["options"] == ["rbind", "rro", "rprivate"]
    assert found["/n"]["options"] == ["bind", "slave"]
    assert found["/o"]["options"] == ["rbind", "ro", "rprivate"]
    assert found["/p"]["options"] == ["noexec", "nosuid", "nodev", "rprivate", "size=5"]
    assert found["/t"]["type"] == "tmpfs"
    assert found["/etc/hosts"]["source"] == "/h/hosts"
    assert found["/dev/shm"]["source"] == "/h/shm"
    places = [mount["destination"] for mount in result["mounts"]]
    assert len(places) == len(set(places))
    assert places.index("/a") < places.index("/deep/er/one")
    assert "/dev/shm" not in places[:6]


def test_a_dev_of_ones_own_covers_ours():
    places = [mount["destination"] for mount in of(Binds=["/h:/dev"])["mounts"]]
    assert [place for place in places if place.startswith("/dev")] == ["/dev"]


def test_propagation_of_the_root():
    result = spec(config=config(), host=host(), prepared=Prepared(propagation="shared"))
    assert result["linux"]["rootfsPropagation"] == "shared"


def test_init():
    result = of(Init=True)
    assert result["process"]["args"] == ["/sbin/docker-init", "--", "true"]
    assert mounts(result)["/sbin/docker-init"]["source"] == "/usr/bin/tini-static"
    assert of(Init=True, PidMode="host")["process"]["args"] == ["true"]


def test_sysctls():
    result = of(Sysctls={"net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0.1/forwarding": "1"})
    assert result["linux"]["sysctl"] == {
        "net.ipv4.ip_unprivileged_port_start": "0",
        "net.ipv4.ping_group_range": "0 2147483647",
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.eth0/1.forwarding": "1",
    }


def test_annotations():
    assert of(Annotations={"a": "b"})["annotations"]["a"] == "b"


def test_limits():
    resources = of(
        Memory=64 << 20,
        MemoryReservation=32 << 20,
        NanoCpus=500_000_000,
        CpuShares=512,
        CpusetCpus="0",
        PidsLimit=100,
        OomKillDisable=False,
    )["linux"]["resources"]
    assert resources["memory"] == {"limit": 64 << 20, "swap": 128 << 20, "reservation": 32 << 20}
    assert resources["cpu"] == {"shares": 512, "period": 100_000, "quota": 50_000, "cpus": "0"}
    assert resources["pids"] == {"limit": 100}


def test_swap_and_other_ways_to_limit():
    def memory(**fields: Any) -> dict[str, Any]:
        return of(**fields)["linux"]["resources"]["memory"]

    assert memory(Memory=64 << 20, MemorySwap=-1) == {"limit": 64 << 20}
    assert memory(Memory=64 << 20, MemorySwap=65 << 20) == {"limit": 64 << 20, "swap": 65 << 20}
    assert memory(MemorySwappiness=0, OomKillDisable=True) == {"swappiness": 0, "disableOOMKiller": True}
    cpu = of(CpuPeriod=50_000, CpuQuota=-1)["linux"]["resources"]["cpu"]
    assert cpu == {"period": 50_000, "quota": -1}
    assert "pids" not in of(PidsLimit=-1)["linux"]["resources"]


def test_what_the_machine_cannot_keep_is_left_out():
    features = replace(
        FEATURES, memory_limit=False, pids_limit=False, cpu_shares=False, cpuset=False, block_weight=False
    )
    fields = {"Memory": 64 << 20, "PidsLimit": 5, "CpuShares": 5, "CpusetCpus": "0", "BlkioWeight": 10}
    resources = spec(config=config(), host=host(**fields), features=features)["linux"]["resources"]
    assert list(resources) == ["devices"]


def test_block_io():
    fields = {
        "BlkioWeight": 300,
        "BlkioDeviceReadBps": [{"Path": "/dev/vda", "Rate": 5}],
        "BlkioDeviceWriteIOps": [{"Path": "/dev/vda", "Rate": 6}],
    }
    prepared = Prepared(blocks={"/dev/vda": (254, 0)})
    block = spec(config=config(), host=host(**fields), prepared=prepared)["linux"]["resources"]["blockIO"]
    assert block == {
        "weight": 300,
        "throttleReadBpsDevice": [{"major": 254, "minor": 0, "rate": 5}],
        "throttleWriteIOPSDevice": [{"major": 254, "minor": 0, "rate": 6}],
    }


def test_devices():
    node = DeviceNode("/dev/x", "b", 254, 0, 0o660, 0, 6, "r")
    result = spec(config=config(), host=host(DeviceCgroupRules=["c 42:* rmw"]), prepared=Prepared(devices=(node,)))
    assert result["linux"]["devices"] == [
        {"path": "/dev/x", "type": "b", "major": 254, "minor": 0, "fileMode": 0o660, "uid": 0, "gid": 6}
    ]
    rules = result["linux"]["resources"]["devices"]
    assert rules[0] == {"allow": False, "access": "rwm"}
    assert rules[-2:] == [
        {"allow": True, "type": "b", "major": 254, "minor": 0, "access": "r"},
        {"allow": True, "type": "c", "major": 42, "minor": -1, "access": "rmw"},
    ]


def test_exec():
    container = config(Hostname="box", User="app", WorkingDir="/w", Env=["A=1", "B=1"])
    options = host(CapDrop=["ALL"], Ulimits=[{"Name": "core", "Soft": 0, "Hard": 0}], SecurityOpt=["no-new-privileges"])
    process = build_exec_process(container, options, FEATURES, ExecConfig(cmd=["id"], env=["B=2"]))
    assert process["args"] == ["id"]
    assert process["user"]["username"] == "app"
    assert process["cwd"] == "/w"
    assert process["env"] == [DEFAULT_PATH, "HOSTNAME=box", "A=1", "B=2"]
    assert process["capabilities"] == {"bounding": [], "effective": [], "permitted": []}
    assert process["noNewPrivileges"] is True
    assert process["rlimits"] == [{"type": "RLIMIT_CORE", "hard": 0, "soft": 0}]
    assert process["oomScoreAdj"] == 0
    own = ExecConfig(cmd=["id"], user="root", working_dir="/x", privileged=True, tty=True, console_size=[5, 6])
    process = build_exec_process(container, options, FEATURES, own)
    assert (process["user"]["username"], process["cwd"]) == ("root", "/x")
    assert process["capabilities"]["effective"] == list(CAPABILITIES)
    assert process["consoleSize"] == {"height": 5, "width": 6}
    with pytest.raises(InvalidParameter, match="No exec command specified"):
        build_exec_process(container, options, FEATURES, ExecConfig())
