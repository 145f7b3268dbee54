"""The kernel's texts as the API's figures."""

import pytest

from boxship.engine.stats import v1, v2
from boxship.engine.stats.sample import nothing
from boxship.engine.stats.text import fields, networks, number, system_cpu

GIB = 1 << 30
V1 = {
    "cpuacct.stat": "user 3\nsystem 2\n",
    "cpuacct.usage": "35107088\n",
    "cpuacct.usage_percpu": "7784791 27322297 \n",
    "cpu.stat": "nr_periods 5\nnr_throttled 2\nthrottled_time 70\nnr_bursts 0\n",
    "memory.stat": "cache 10\nrss 20\ntotal_rss 30\nhierarchical_memory_limit 40\nswap 7\n",
    "memory.usage_in_bytes": "663552\n",
    "memory.max_usage_in_bytes": "5132288\n",
    "memory.limit_in_bytes": "9223372036854771712\n",
    "memory.failcnt": "0\n",
    "blkio.throttle.io_service_bytes_recursive": "254:0 Read 4096\n254:0 Write 8\n254:0 Total 4104\nTotal 4104\n",
    "blkio.throttle.io_serviced_recursive": "Total 0\n",
}
V2 = {
    "cpu.stat": "usage_usec 35\nuser_usec 30\nsystem_usec 5\nnr_periods 5\nnr_throttled 2\nthrottled_usec 7\n",
    "memory.stat": "anon 10\nfile 20\nworkingset_refault_anon 3\n",
    "memory.current": "663552\n",
    "memory.max": "67108864\n",
    "memory.events": "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n",
    "io.stat": "254:0 rbytes=4096 wbytes=8 rios=1 wios=2 dbytes=0 dios=0\n8:0 \n",
}


def test_v1() -> None:
    def files(controller: str, name: str) -> str:
        assert name.startswith(controller)
        return V1.get(name, "")

    assert v1.cpu(files) == {
        "cpu_usage": {
            "total_usage": 35107088,
            "percpu_usage": [7784791, 27322297],
            "usage_in_kernelmode": 20_000_000,
            "usage_in_usermode": 30_000_000,
        },
        "throttling_data": {"periods": 5, "throttled_periods": 2, "throttled_time": 70},
    }
    memory = v1.memory(files, GIB)
    assert {key: value for key, value in memory.items() if key != "stats"} == {
        "usage": 663552,
        "max_usage": 5132288,
        "limit": GIB,
    }
    assert len(memory["stats"]) == 32
    assert {key: value for key, value in memory["stats"].items() if value} == {
        "cache": 10,
        "rss": 20,
        "total_rss": 30,
        "hierarchical_memory_limit": 40,
    }
    block = v1.block(files)
    assert block["io_service_bytes_recursive"] == [
        {"major": 254, "minor": 0, "op": "Read", "value": 4096},
        {"major": 254, "minor": 0, "op": "Write", "value": 8},
        {"major": 254, "minor": 0, "op": "Total", "value": 4104},
    ]
    assert all(value == [] for name, value in block.items() if name != "io_service_bytes_recursive")


def test_v2() -> None:
    def files(controller: str, name: str) -> str:
        assert name.startswith(controller)
        return V2.get(name, "")

    assert v2.cpu(files) == {
        "cpu_usage": {"total_usage": 35_000, "usage_in_kernelmode": 5_000, "usage_in_usermode": 30_000},
        "throttling_data": {"periods": 5, "throttled_periods": 2, "throttled_time": 7_000},
    }
    memory = v2.memory(files, GIB)
    assert {key: value for key, value in memory.items() if key != "stats"} == {
        "usage": 663552,
        "failcnt": 2,
        "limit": 67108864,
    }
    assert {key: value for key, value in memory["stats"].items() if value} == {"anon": 10, "file": 20}
    assert v2.block(files)["io_service_bytes_recursive"] == [
        {"major": 254, "minor": 0, "op": "read", "value": 4096},
        {"major": 254, "minor": 0, "op": "write", "value": 8},
    ]


@pytest.mark.parametrize("version", [v1, v2])
def test_a_kernel_without_controllers(version: object) -> None:
    def files(controller: str, name: str) -> str:
        return ""

    assert version.memory(files, GIB)["limit"] == GIB  # type: ignore[attr-defined]
    assert version.cpu(files)["cpu_usage"]["total_usage"] == 0  # type: ignore[attr-defined]
    assert version.block(files)  # type: ignore[attr-defined]


def test_the_machine() -> None:
    text = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5 6\n"
    assert system_cpu(text) == (280_000_000, 2)


def test_interfaces() -> None:
    counters = {"lo": "100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0", "eth0": "736 8 1 2 0 0 0 0 84 3 4 5 0 0 0 0"}
    text = "Inter-|   Receive |  Transmit\n face |bytes packets | bytes packets\n"
    text += "".join(f"{name:>6}: {values}\n" for name, values in counters.items())
    assert networks(text) == {
        "eth0": {
            "rx_bytes": 736,
            "rx_packets": 8,
            "rx_errors": 1,
            "rx_dropped": 2,
            "tx_bytes": 84,
            "tx_packets": 3,
            "tx_errors": 4,
            "tx_dropped": 5,
        }
    }


def test_numbers() -> None:
    assert (number("12\n"), number("max\n"), number("")) == (12, 0, 0)
    assert fields("a 1\nb x\nc\n") == {"a": 1}


def test_nothing_has_nulls_where_docker_has() -> None:
    assert set(nothing()["blkio_stats"].values()) == {None}
    assert len(nothing()["blkio_stats"]) == 8
