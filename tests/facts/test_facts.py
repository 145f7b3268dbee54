"""Every recorded answer of Docker, asked of ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.facts import store
from tests.facts.case import Case
from tests.facts.cases import GROUPS
from tests.facts.compare import difference, without
from tests.facts.conftest import COMPARED, NO_FACT
from tests.facts.differences import EVERYWHERE
from tests.facts.features import features
from tests.facts.runner import Runner

FACTS = {group: store.read(group) for group in GROUPS}
CASES = [pytest.param(group, case, id=case.name) for group, cases in GROUPS.items() for case in cases]


@pytest.mark.parametrize(("group", "case"), CASES)
def test_answers_as_docker_does(group: str, case: Case, runner: Runner, pytestconfig: pytest.Config) -> None:
    """Status, body, exit code and output are Docker's, but for the differences that the case names."""
    fact: dict[str, Any] | None = FACTS[group].get(case.name)
    assert fact is not None, f"{case.name} was never asked of Docker: run `make facts`"
    here = features(tuple(fact["features"]))
    if here != fact["features"]:
        other = {
            name: f"{value} there, {here[name]} here" for name, value in fact["features"].items() if here[name] != value
        }
        pytestconfig.stash[NO_FACT].append(f"{case.name}: {other}")
        return
    differences = (*EVERYWHERE, *case.differs)
    said = difference(without(fact["steps"], differences), without(runner.run(case), differences))
    pytestconfig.stash[COMPARED] += 1
    assert not said, f"{case.name}\n{said}"


def test_case_names_are_unique() -> None:
    """A fact is found by its case's name."""
    names = [case.name for cases in GROUPS.values() for case in cases]
    assert len(names) == len(set(names))
    assert {name for facts in FACTS.values() for name in facts} <= set(names), "facts without a case"
