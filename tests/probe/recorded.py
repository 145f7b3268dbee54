"""Docker's reports as they are kept: the plain one whole, of every other set only in what it differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.probe.report import Report

_FILE = Path(__file__).parent / "recorded.json"


def read() -> dict[str, Any]:
    """`{"engine", "features", "plain", "others"}`."""
    found: dict[str, Any] = json.loads(_FILE.read_text())
    return found


def write(engine: dict[str, str], features: dict[str, str], reports: dict[str, Report]) -> None:
    """Keep the reports of an engine on a machine with these features."""
    plain = reports["plain"]
    others = {name: _beside(plain, report) for name, report in reports.items() if name != "plain"}
    kept = {"engine": engine, "features": features, "plain": plain, "others": others}
    _FILE.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def report(kept: dict[str, Any], name: str) -> Report:
    """The report of one set of options, put together."""
    plain: Report = kept["plain"]
    if name == "plain":
        return plain
    changes = kept["others"][name]
    return {section: _changed(plain.get(section, []), changes.get(section, {})) for section in {*plain, *changes}}


def _beside(plain: Report, report: Report) -> dict[str, dict[str, list[str]]]:
    changes = {}
    for section in {*plain, *report}:
        before, after = plain.get(section, []), report.get(section, [])
        change = {
            "without": [line for line in before if line not in after],
            "with": [line for line in after if line not in before],
        }
        if any(change.values()):
            changes[section] = {key: lines for key, lines in change.items() if lines}
    return changes


def _changed(lines: list[str], change: dict[str, list[str]]) -> list[str]:
    without = change.get("without", [])
    return sorted([line for line in lines if line not in without] + change.get("with", []))
