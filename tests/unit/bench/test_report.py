"""The benchmarks' arithmetic: no number from a failed run, gates told as kept or missed."""

import json

from bench.errors import MeasurementFailed
from bench.measure import Row, failed, result, take_turns
from bench.report import as_json, as_table
from bench.side import Side

SIDES = [Side(name, "unix:///nowhere", "image", "docker", "boxship") for name in ("ours", "peer")]


def test_rounds_are_interleaved_and_medians_taken() -> None:
    order: list[str] = []
    numbers = {"ours": iter((9.0, 1.0, 3.0, 2.0)), "peer": iter((9.0, 10.0, 30.0, 20.0))}

    def work(side: Side) -> float:
        order.append(side.name)
        return next(numbers[side.name])

    found = take_turns(Row("key", "title", "s", 3, gate=0.25), SIDES, work)
    assert (found.ours, found.peer, found.ratio, found.passed) == (2.0, 20.0, 0.1, True)
    assert found.samples == {"ours": [1.0, 3.0, 2.0], "peer": [10.0, 30.0, 20.0]}
    pairs = list(zip(order[::2], order[1::2], strict=True))
    assert all(set(pair) == {"ours", "peer"} for pair in pairs)
    assert len(set(pairs)) == 2, "neither side is always the first"


def test_one_failed_run_gives_no_number() -> None:
    numbers = iter((1.0, 1.0, 1.0))

    def work(side: Side) -> float:
        number = next(numbers, None)
        if number is None:
            raise MeasurementFailed("exit code 1")
        return number

    found = take_turns(Row("key", "title", "s", 5, gate=0.25), SIDES, work)
    assert (found.ours, found.ratio, found.passed, found.error) == (None, None, False, "exit code 1")


def test_table_and_json() -> None:
    kept = result(Row("a", "run", "s", 1, 0.25, 0.2), {"ours": [0.034], "peer": [0.161]})
    missed = result(Row("b", "idle", "MiB", 1, 0.4), {"ours": [60.0], "peer": [121.4]})
    free = result(Row("c", "write", "MB/s", 1, note="a note"), {"ours": [810.0], "peer": [31.0]})
    broken = failed(Row("d", "exec", "s", 1, 0.4), "exit code 125")
    table = as_table([kept, missed, free, broken]).splitlines()
    assert table == [
        "work            peer      ours  ratio    gate           goal",
        "run         161.0 ms   34.0 ms   0.21  ≤ 0.25    pass  ≤ 0.2",
        "idle         121 MiB  60.0 MiB   0.49   ≤ 0.4    MISS",
        "write [1]  31.0 MB/s  810 MB/s  26.13",
        "exec               -         -      -   ≤ 0.4  failed",
        "",
        "[1] a note",
        "[2] exec: exit code 125",
    ]
    document = json.loads(as_json([kept, broken], {"peer": "28.5.2"}))
    assert document["about"] == {"peer": "28.5.2"}
    assert [row["passed"] for row in document["results"]] == [True, False]
    assert document["results"][0]["ratio"] == 0.034 / 0.161
