"""Ours against the recorded fact: drop what differs on purpose, show the rest as a diff."""

from __future__ import annotations

import copy
import difflib
import json
from typing import Any

from tests.facts.case import Differs


def without(steps: list[dict[str, Any]], differences: tuple[Differs, ...]) -> list[dict[str, Any]]:
    """The answers without the places where we differ on purpose."""
    kept: list[dict[str, Any]] = copy.deepcopy(steps)
    for difference in differences:
        _drop(kept, difference.where.split("."))
    return kept


def _drop(value: Any, path: list[str]) -> None:
    here, *rest = path
    if isinstance(value, list):
        keys: list[Any] = list(range(len(value))) if here == "*" else [int(here)] if here.isdigit() else []
        keys = [key for key in keys if key < len(value)]
    elif isinstance(value, dict):
        keys = list(value) if here == "*" else [here] if here in value else []
    else:
        return
    for key in keys:
        if rest:
            _drop(value[key], rest)
        elif isinstance(value, dict):
            value.pop(key)
        else:
            value[key] = "<differs>"


def difference(fact: list[dict[str, Any]], ours: list[dict[str, Any]]) -> str:
    """A unified diff of the two, or "" when they are equal."""
    if fact == ours:
        return ""
    wanted, got = (
        json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).splitlines() for value in (fact, ours)
    )
    return "\n".join(difflib.unified_diff(wanted, got, "Docker (recorded)", "Boxship", lineterm="", n=4))
