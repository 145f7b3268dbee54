"""Containers come and go: nothing of them stays on the machine."""

from pathlib import Path

from tests.support.cli import Cli
from tests.support.engine import Engine
from tests.support.machine import cgroups, left_over, reading

BASE = "bx/base:1"
CYCLES = 200


def _cycle(engine: Engine, number: int) -> str:
    """Make, start, await and remove one container; its id."""
    api = engine.api
    made = api.request(
        "POST", f"/containers/create?name=cycle{number}", {"Image": BASE, "Cmd": ["sh", "-c", "echo x > /x; echo out"]}
    )
    assert made.status == 201, made.value
    container = made.json["Id"]
    assert api.request("POST", f"/containers/{container}/start").status == 204
    waited = api.request("POST", f"/containers/{container}/wait")
    assert waited.json == {"StatusCode": 0}
    assert api.request("DELETE", f"/containers/{container}").status == 204
    return str(container)


def test_cycles_leave_nothing(fresh_engine: Engine) -> None:
    # The first one makes what is made once: the zygote's folders, the compiled filter.
    _cycle(fresh_engine, 0)
    roots = (fresh_engine.run_root, fresh_engine.data_root / "containers", fresh_engine.data_root / "snapshots")
    owner = str(fresh_engine.run_root)
    before = reading(*roots, owner=owner)
    gone = {_cycle(fresh_engine, number + 1) for number in range(CYCLES)}
    assert left_over(before, *roots, owner=owner, mine=owner) == []
    # Other engines may run on this machine: only the cgroups of these containers count.
    assert gone & {Path(folder).name for folder in cgroups()} == set()


def test_failed_starts_leave_nothing(fresh_engine: Engine, fresh_docker: Cli) -> None:
    fresh_docker("run", "--rm", BASE, "true").succeeded()
    roots = (fresh_engine.run_root, fresh_engine.data_root / "containers", fresh_engine.data_root / "snapshots")
    owner = str(fresh_engine.run_root)
    before = reading(*roots, owner=owner)
    for _ in range(10):
        assert fresh_docker("run", "--rm", BASE, "no-such-program").code == 127
        assert fresh_docker("run", "--rm", "--user", "nobody-here", BASE, "true").code == 125
    assert left_over(before, *roots, owner=owner, mine=owner) == []
