"""Every recorded answer of Docker, asked of ours."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.facts import store
from tests.facts.case import Case, Docker
from tests.facts.cases import GROUPS
from tests.facts.compare import difference, without
from tests.facts.conftest import COMPARED, NO_FACT
from tests.facts.differences import BY_RUNTIME, EVERYWHERE
from tests.facts.features import features
from tests.facts.runner import Runner

FACTS = {group: store.read(group) for group in GROUPS}
CASES = [pytest.param(group, case, id=case.name) for group, cases in GROUPS.items() for case in cases]


# The client's own texts: usage, help, its version, and what it does with its own files.
DOCKERS_OWN = {"run-bad-flag", "error-cli-no-args", "error-host-bad", "error-api-forced-old", "version-format"}
BY_COMMAND = [
    pytest.param(group, case, id=case.name)
    for group, cases in GROUPS.items()
    for case in cases
    if case.name not in DOCKERS_OWN and any(isinstance(step, Docker) and step.recorded for step in case.steps)
]


@pytest.mark.parametrize(("group", "case"), CASES)
def test_answers_as_docker_does(group: str, case: Case, runner: Runner, pytestconfig: pytest.Config) -> None:
    """Status, body, exit code and output are Docker's, but for the differences that the case names."""
    fact = _fact(group, case, pytestconfig)
    if fact is not None:
        _compare(case, fact, runner.run(case))
        pytestconfig.stash[COMPARED] += 1


@pytest.mark.parametrize(("group", "case"), BY_COMMAND)
def test_own_command_line_does_as_dockers(
    group: str, case: Case, own_runner: Runner, pytestconfig: pytest.Config
) -> None:
    """`boxship` in place of `docker`: the same exit codes and standard output; what it says to people is its own."""
    fact = _fact(group, case, pytestconfig)
    if fact is not None:
        _compare(case, _said(fact), _said(own_runner.run(case)))
        pytestconfig.stash[COMPARED] += 1


def _fact(group: str, case: Case, config: pytest.Config) -> list[dict[str, Any]] | None:
    """What Docker answered; None, and told at the end, when it was asked on another kind of host."""
    fact: dict[str, Any] | None = FACTS[group].get(case.name)
    assert fact is not None, f"{case.name} was never asked of Docker: run `make facts`"
    runtime = os.environ.get("BOXSHIP_TEST_RUNTIME", "")
    if reason := BY_RUNTIME.get(runtime, {}).get(case.name):
        config.stash[NO_FACT].append(f"{case.name}: {reason}")
        return None
    here = features(tuple(fact["features"]))
    if here == fact["features"]:
        steps: list[dict[str, Any]] = fact["steps"]
        return steps
    other = {
        name: f"{value} there, {here[name]} here" for name, value in fact["features"].items() if here[name] != value
    }
    config.stash[NO_FACT].append(f"{case.name}: {other}")
    return None


def _said(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in step.items() if key != "stderr"} for step in steps if "command" in step]


def _compare(case: Case, fact: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    differences = (*EVERYWHERE, *case.differs)
    said = difference(without(fact, differences), without(ours, differences))
    assert not said, f"{case.name}\n{said}"


def test_case_names_are_unique() -> None:
    """A fact is found by its case's name."""
    names = [case.name for cases in GROUPS.values() for case in cases]
    assert len(names) == len(set(names))
    assert {name for facts in FACTS.values() for name in facts} <= set(names), "facts without a case"
