"""The HostConfig that is kept, as Docker 28.5's inspect shows it."""

from typing import Any

import pytest

from boxship.runtime.spec import HostFeatures, settle
from tests.unit.runtime.build import FEATURES, host
from tests.unit.runtime.test_check import LACKING


@pytest.mark.parametrize(
    ("features", "given", "kept"),
    [
        (FEATURES, {"Memory": 8000000}, {"memory": 8000000, "memory_swap": 16000000}),
        (FEATURES, {"Memory": 8000000, "MemorySwap": -2}, {"memory_swap": -2}),
        (LACKING, {"Memory": 8000000}, {"memory": 0, "memory_swap": -1}),
        (FEATURES, {"MemorySwappiness": -1}, {"memory_swappiness": None}),
        (FEATURES, {"MemorySwappiness": 5}, {"memory_swappiness": 5}),
        (
            LACKING,
            {"MemorySwappiness": 5, "OomKillDisable": True},
            {"memory_swappiness": None, "oom_kill_disable": None},
        ),
        (LACKING, {"MemoryReservation": 5, "KernelMemoryTCP": 5}, {"memory_reservation": 0, "kernel_memory_tcp": 0}),
        (FEATURES, {"PidsLimit": 0}, {"pids_limit": None}),
        (FEATURES, {"PidsLimit": -1}, {"pids_limit": None}),
        (FEATURES, {"PidsLimit": 7}, {"pids_limit": 7}),
        (LACKING, {"PidsLimit": 7}, {"pids_limit": None}),
        (
            LACKING,
            {"CpuShares": 7, "CpusetCpus": "0", "CpuQuota": 5000},
            {"cpu_shares": 0, "cpuset_cpus": "", "cpu_quota": 0},
        ),
        (FEATURES, {"CpuPercent": 5, "CpuCount": 3}, {"cpu_percent": 0, "cpu_count": 3}),
        (
            LACKING,
            {
                "BlkioWeight": 5,
                "BlkioWeightDevice": [{"Path": "/x", "Weight": 5}],
                "BlkioDeviceReadBps": [{"Path": "/x", "Rate": 5}],
            },
            {
                "blkio_weight": 0,
                "blkio_weight_device": [],
                "blkio_device_read_bps": [],
                "blkio_device_write_bps": None,
            },
        ),
        (FEATURES, {"Privileged": True}, {"security_opt": ["label=disable"]}),
        (FEATURES, {"PidMode": "host", "SecurityOpt": ["label=type:x"]}, {"security_opt": ["label=type:x"]}),
        (FEATURES, {"IpcMode": "host", "SecurityOpt": ["a=b"]}, {"security_opt": ["a=b", "label=disable"]}),
        (FEATURES, {}, {"security_opt": None}),
    ],
)
def test_what_is_kept(features: HostFeatures, given: dict[str, Any], kept: dict[str, Any]):
    settled = settle(host(**given), features)
    assert {name: getattr(settled, name) for name in kept} == kept


def test_the_rest_stays():
    given = host(Memory=8000000, MemorySwap=9000000, Binds=["/a:/b"], CapAdd=["ALL"])
    assert settle(given, FEATURES) == given
