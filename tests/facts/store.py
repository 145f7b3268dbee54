"""The recorded facts: one file a group in tests/facts/recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "recorded"


def read(group: str) -> dict[str, Any]:
    """The facts of a group by the name of their case."""
    path = RECORDED / f"{group}.json"
    if not path.exists():
        return {}
    facts: dict[str, Any] = json.loads(path.read_text())["facts"]
    return facts


def write(group: str, engine: dict[str, str], facts: dict[str, Any]) -> None:
    """Keep the facts of a group, with the engine that gave them."""
    text = json.dumps({"engine": engine, "facts": facts}, indent=1, ensure_ascii=False, sort_keys=True)
    (RECORDED / f"{group}.json").write_text(text + "\n")
