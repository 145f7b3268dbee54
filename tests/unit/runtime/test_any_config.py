"""Whatever `check` lets pass becomes a spec, a plan and writes to control groups, on every kind of machine."""

import json
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel.cgroup import Layout, plan_resources
from boxship.kernel.seccomp.compile import compile_filter
from boxship.lib.errors import BoxshipError
from boxship.runtime.spec import check, settle
from boxship.shim.plan import plan
from tests.unit.runtime.build import FEATURES, config, host, mounts, spec
from tests.unit.runtime.test_check import LACKING

V1_NAMES = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
V1 = Layout(1, {name: f"/c/{name}" for name in V1_NAMES}, [f"/c/{name}" for name in V1_NAMES])
V2 = Layout(2, dict.fromkeys(("cpu", "cpuset", "memory", "io", "pids"), "/c"), ["/c"])
BARE = Layout(1, {"devices": "/c/devices"}, ["/c/devices"])
V2_FEATURES = replace(
    FEATURES,
    cgroup_v2=True,
    memory_swappiness=False,
    oom_kill_disable=False,
    kernel_memory_tcp=False,
    cpu_realtime=False,
)
MACHINES = ((FEATURES, V1), (V2_FEATURES, V2), (LACKING, BARE))

SIZES = st.sampled_from([0, -1, 1, 6 << 20, 64 << 20, 128 << 20])
TARGETS = st.sampled_from(["/a", "/a/b", "/dev", "/dev/shm", "/etc/hosts", "/", "x"])
HOSTS = st.fixed_dictionaries(
    {},
    optional={
        "Memory": SIZES,
        "MemorySwap": SIZES,
        "MemoryReservation": SIZES,
        "MemorySwappiness": st.sampled_from([None, -1, 0, 60, 200]),
        "OomKillDisable": st.sampled_from([None, True, False]),
        "NanoCpus": st.sampled_from([0, 5 * 10**8, 10**10]),
        "CpuShares": st.sampled_from([0, 1, 2, 1024]),
        "CpuQuota": st.sampled_from([0, -1, 500, 50_000]),
        "CpusetCpus": st.sampled_from(["", "0", "0-1", "7", "x"]),
        "PidsLimit": st.sampled_from([None, -1, 0, 50]),
        "BlkioWeight": st.sampled_from([0, 5, 500]),
        "Privileged": st.booleans(),
        "ReadonlyRootfs": st.booleans(),
        "Init": st.booleans(),
        "IpcMode": st.sampled_from(["", "host", "none", "private", "shareable", "bad"]),
        "PidMode": st.sampled_from(["", "host"]),
        "UTSMode": st.sampled_from(["", "host"]),
        "CgroupnsMode": st.sampled_from(["", "host", "private"]),
        "CapAdd": st.lists(st.sampled_from(["ALL", "net_admin", "CAP_KILL", "no"]), max_size=2),
        "CapDrop": st.lists(st.sampled_from(["ALL", "chown"]), max_size=2),
        "SecurityOpt": st.lists(
            st.sampled_from(
                ["no-new-privileges", "seccomp=unconfined", 'seccomp={"defaultAction":"SCMP_ACT_LOG"}', "x"]
            ),
            max_size=2,
        ),
        "Binds": st.lists(
            st.tuples(TARGETS, st.sampled_from(["", ":ro", ":rslave"])).map(lambda p: f"/h:{p[0]}{p[1]}")
        ),
        "Tmpfs": st.dictionaries(TARGETS, st.sampled_from(["", "size=1m,exec", "bad"]), max_size=2),
        "Sysctls": st.dictionaries(st.sampled_from(["net.a", "kernel.msgmax", "vm.x"]), st.just("1"), max_size=2),
        "DeviceCgroupRules": st.lists(st.sampled_from(["c 42:* rmw", "a *:* rwm", "bad"]), max_size=2),
    },
)


@given(HOSTS, st.booleans(), st.sampled_from(MACHINES))
def test_what_passes_works(fields: dict[str, Any], tty: bool, machine: tuple[Any, Layout]):
    features, layout = machine
    wanted = host(**fields)
    try:
        check(config(), wanted, features, exists=lambda path: True)
    except BoxshipError as error:
        assert error.message
        return
    kept = settle(wanted, features)
    result = spec(config=config(Hostname="h", Tty=tty), host=kept, features=features)
    assert json.loads(json.dumps(result)) == json.loads(
        json.dumps(spec(config=config(Hostname="h", Tty=tty), host=wanted, features=features))
    )
    assert len(mounts(result)) == len(result["mounts"])
    json.dumps(plan(result))
    plan_resources(result["linux"]["resources"], layout)
    assert settle(kept, features) == kept
    if "seccomp" in result["linux"]:
        assert len(result["linux"]["seccomp"]["syscalls"]) == 0 or compile_filter(result["linux"]["seccomp"], "x86_64")


def test_configs_survive_the_wire():
    wanted = host(Memory=64 << 20, Binds=["/a:/b"], UTSMode="host")
    assert msgspec.json.decode(msgspec.json.encode(wanted), type=type(wanted)) == wanted
