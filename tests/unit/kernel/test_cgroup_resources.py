"""The files that limits become, on v1 and v2."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel.cgroup import Layout, plan_resources
from boxship.kernel.cgroup.devices import ALWAYS, allowed_devices
from boxship.kernel.cgroup.resources import plan_update, shares_to_weight
from boxship.lib.errors import InvalidParameter

NAMES = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb")
V1 = Layout(1, {name: f"/sys/fs/cgroup/{name}" for name in NAMES}, [f"/sys/fs/cgroup/{name}" for name in NAMES])
V2 = Layout(
    2, dict.fromkeys(("cpu", "cpuset", "memory", "io", "pids", "hugetlb"), "/sys/fs/cgroup"), ["/sys/fs/cgroup"]
)
MIB = 1 << 20


def writes(layout: Layout, **resources: Any) -> list[str]:
    return [f"{file}={value}" for _, file, value in plan_resources(resources, layout)]


def test_memory():
    memory = {"limit": 64 * MIB, "swap": 128 * MIB, "reservation": 32 * MIB}
    assert writes(V1, memory=memory) == [
        "memory.limit_in_bytes=67108864",
        "memory.memsw.limit_in_bytes=134217728",
        "memory.soft_limit_in_bytes=33554432",
    ]
    assert writes(V2, memory=memory) == ["memory.max=67108864", "memory.swap.max=67108864", "memory.low=33554432"]


def test_swap_of_its_own():
    assert writes(V2, memory={"limit": MIB, "swap": MIB}) == ["memory.max=1048576", "memory.swap.max=0"]
    assert writes(V2, memory={"limit": MIB, "swap": -1}) == ["memory.max=1048576", "memory.swap.max=max"]
    assert writes(V1, memory={"limit": MIB, "swap": -1})[-1] == "memory.memsw.limit_in_bytes=-1"


def test_what_only_v1_has():
    memory = {"swappiness": 0, "disableOOMKiller": True, "kernelTCP": MIB}
    assert writes(V1, memory=memory) == [
        "memory.kmem.tcp.limit_in_bytes=1048576",
        "memory.swappiness=0",
        "memory.oom_control=1",
    ]
    for key, value in memory.items():
        if key == "disableOOMKiller" or value is not None:
            with pytest.raises(InvalidParameter, match="cgroup v1"):
                plan_resources({"memory": {key: value}}, V2)


def test_cpu():
    cpu = {"shares": 512, "period": 100_000, "quota": 50_000, "cpus": "0-1", "mems": "0"}
    assert writes(V1, cpu=cpu) == [
        "cpuset.cpus=0-1",
        "cpuset.mems=0",
        "cpu.shares=512",
        "cpu.cfs_period_us=100000",
        "cpu.cfs_quota_us=50000",
    ]
    assert writes(V2, cpu=cpu) == ["cpuset.cpus=0-1", "cpuset.mems=0", "cpu.weight=59", "cpu.max=50000 100000"]
    assert writes(V2, cpu={"quota": -1}) == ["cpu.max=max 100000"]
    assert writes(V1, cpu={"quota": -1}) == ["cpu.cfs_quota_us=-1"]


def test_pids():
    for layout in (V1, V2):
        assert writes(layout, pids={"limit": 10}) == ["pids.max=10"]
        assert writes(layout, pids={"limit": -1}) == ["pids.max=max"]
        assert writes(layout, pids={"limit": 0}) == []


def test_block_io():
    block = {
        "weight": 1000,
        "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 100}],
        "throttleWriteIOPSDevice": [{"major": 8, "minor": 16, "rate": 5}],
    }
    assert writes(V1, blockIO=block) == [
        "blkio.weight=1000",
        "blkio.throttle.read_bps_device=8:0 100",
        "blkio.throttle.write_iops_device=8:16 5",
    ]
    assert writes(V2, blockIO=block) == ["io.weight=default 10000", "io.max=8:0 rbps=100", "io.max=8:16 wiops=5"]


def test_huge_pages():
    limits = [{"pageSize": "2MB", "limit": 4 * MIB}]
    assert writes(V1, hugepageLimits=limits) == ["hugetlb.2MB.limit_in_bytes=4194304"]
    assert writes(V2, hugepageLimits=limits) == ["hugetlb.2MB.max=4194304"]


def test_v2_files_by_name():
    assert writes(V2, unified={"memory.high": "1000"}) == ["memory.high=1000"]
    for file in ("cgroup.procs", "../memory.max"):
        with pytest.raises(InvalidParameter, match="not the file of a controller"):
            plan_resources({"unified": {file: "1"}}, V2)


def test_a_controller_that_is_not_there():
    bare = Layout(1, {"cpu": "/sys/fs/cgroup/cpu"}, ["/sys/fs/cgroup/cpu"])
    with pytest.raises(InvalidParameter, match="controller memory is not available"):
        plan_resources({"memory": {"limit": MIB}}, bare)
    assert plan_resources({"cpu": {"shares": 2}}, bare) == [("cpu", "cpu.shares", "2")]


def test_network_and_rdma():
    names = ("net_cls", "net_prio", "rdma")
    layout = Layout(1, {name: f"/sys/fs/cgroup/{name}" for name in names}, [])
    network = {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 5}]}
    rdma = {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}, "mlx4_0": {"hcaObjects": 0}}
    assert writes(layout, network=network, rdma=rdma) == [
        "net_cls.classid=1048577",
        "net_prio.ifpriomap=eth0 5",
        "rdma.max=mlx5_1 hca_handle=3 hca_object=10000",
        "rdma.max=mlx4_0 hca_object=0",
    ]
    with pytest.raises(InvalidParameter, match=r"net_cls\.classid"):
        writes(V1, network=network)
    with pytest.raises(InvalidParameter, match="only with cgroup v1"):
        writes(V2, network=network)
    with pytest.raises(InvalidParameter, match=r"rdma\.max"):
        writes(V2, rdma=rdma)


def test_v2_files_are_no_limits_of_v1():
    with pytest.raises(InvalidParameter, match="cgroup v2"):
        writes(V1, unified={"memory.high": "1"})


def test_shares_and_weights_meet_at_both_ends_and_in_the_middle():
    assert [shares_to_weight(shares) for shares in (0, 2, 1024, 262_144, 1 << 30)] == [1, 1, 100, 10_000, 10_000]


@given(st.integers(2, 262_144), st.integers(2, 262_144))
def test_more_shares_never_weigh_less(one: int, other: int):
    assert one > other or shares_to_weight(one) <= shares_to_weight(other)


def device(allow: bool, kind: str, major: int, minor: int, access: str = "rwm") -> dict[str, Any]:
    return {"allow": allow, "type": kind, "major": major, "minor": minor, "access": access}


DENY_ALL = {"allow": False, "access": "rwm"}
ALLOW_ALL = {"allow": True, "access": "rwm"}


def test_no_rules_leave_devices_alone():
    assert allowed_devices([]) is None
    assert writes(V1, devices=[]) == []


def test_the_last_word_on_everything_counts():
    assert allowed_devices([DENY_ALL, device(True, "c", 1, 3), ALLOW_ALL]) is None
    assert allowed_devices([ALLOW_ALL, DENY_ALL]) == list(ALWAYS)
    assert writes(V1, devices=[ALLOW_ALL]) == ["devices.allow=a"]


def test_devices_that_are_allowed():
    allowed = allowed_devices([DENY_ALL, device(True, "b", 8, 0, "r"), device(True, "c", 42, -1, "mr")])
    assert allowed == [("b", 8, 0, "r"), ("c", 42, -1, "rm"), *ALWAYS]


def test_a_denial_takes_back_only_what_it_names():
    rules = [DENY_ALL, device(True, "b", 8, 0), device(False, "b", 8, 0, "w"), device(False, "c", 10, 229)]
    assert allowed_devices(rules) == [("b", 8, 0, "rm"), *ALWAYS]


def test_v1_lines():
    lines = writes(V1, devices=[DENY_ALL, device(True, "c", 42, -1, "rw")])
    assert lines[:3] == ["devices.deny=a", "devices.allow=c 42:* rw", "devices.allow=c *:* m"]
    assert len(lines) == 2 + len(ALWAYS)


def updates(layout: Layout, both: int, **resources: Any) -> list[str]:
    return [f"{file}={value}" for _, file, value in plan_update(resources, layout, both)]


def test_memory_that_rises_and_falls():
    both, alone = "memory.memsw.limit_in_bytes", "memory.limit_in_bytes"
    rises = updates(V1, 50 * MIB, memory={"limit": 64 * MIB, "swap": 128 * MIB})
    assert [write.partition("=")[0] for write in rises] == [both, alone]
    falls = updates(V1, 500 * MIB, memory={"limit": 64 * MIB, "swap": 128 * MIB})
    assert [write.partition("=")[0] for write in falls] == [alone, both]
    assert updates(V1, 50 * MIB, memory={"limit": MIB, "swap": -1}) == [f"{both}=-1", f"{alone}=1048576"]
    assert updates(V2, 0, memory={"limit": MIB, "swap": -1}) == ["memory.max=1048576", "memory.swap.max=max"]


def test_no_limit_of_processes_any_more():
    assert updates(V1, 0, pids={"limit": -1}) == updates(V2, 0, pids={"limit": -1}) == ["pids.max=max"]


def test_devices_are_left_alone():
    assert updates(V1, 0, devices=[{"allow": False, "access": "rwm"}]) == []
