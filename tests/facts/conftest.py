"""The count of facts: compared, and without a fact for this host."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facts.registry import fact_registry
from tests.facts.runner import Runner
from tests.support.engine import Engine, Foreign

COMPARED = pytest.StashKey[int]()
NO_FACT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[COMPARED] = 0
    config.stash[NO_FACT] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many facts were compared, and which have no counterpart on a host like this."""
    compared, missing = config.stash.get(COMPARED, 0), config.stash.get(NO_FACT, [])
    if compared or missing:
        terminalreporter.write_line(
            f"facts: {compared} compared with Docker's recorded answers, {len(missing)} no fact"
        )
    for line in missing:
        terminalreporter.write_line(f"  no fact: {line}")


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """The registry of the cases of pulls; its thread ends with this module: kernel tests clone processes."""
    with fact_registry() as host:
        yield host


@pytest.fixture(scope="module")
def runner(
    client_home: Path, engine: Engine | Foreign, tmp_path_factory: pytest.TempPathFactory, registry: str
) -> Runner:
    """Asks the shared engine by the docker CLI."""
    program = (str(client_home / "bin/docker"),)
    return Runner(program, engine.socket_path, tmp_path_factory.mktemp("facts"), registry)


@pytest.fixture(scope="module")
def own_runner(engine: Engine | Foreign, tmp_path_factory: pytest.TempPathFactory, registry: str) -> Runner:
    """Asks the shared engine by our own command line."""
    program = (sys.executable, "-m", "boxship")
    return Runner(program, engine.socket_path, tmp_path_factory.mktemp("own-facts"), registry)
