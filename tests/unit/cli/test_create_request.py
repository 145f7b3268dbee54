"""What `create` and `run` send and refuse, against what the docker CLI did (recorded/create.json)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.recorded.cases import ACCEPTED, REFUSED
from tests.unit.cli.recorded.record import ask_afresh, difference

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded/create.json").read_text())
OURS = [sys.executable, "-m", "boxship"]


def _as_docker(text: str) -> str:
    return (
        text.replace("boxship: ", "docker: ")
        .replace("'boxship ", "'docker ")
        .replace("Usage:  boxship", "Usage:  docker")
    )


@pytest.mark.parametrize("arguments", [*ACCEPTED, *REFUSED], ids=" ".join)
def test_like_docker(arguments: tuple[str, ...]) -> None:
    answer = ask_afresh(OURS, arguments)
    for sent in answer["sent"]:
        sent["body"] = difference(RECORDED["base"], sent["body"])
    recorded = RECORDED[" ".join(arguments)]
    assert answer["sent"] == recorded["sent"]
    said = "\n".join(line for line in _as_docker(answer["stderr"]).splitlines() if "did you mean" not in line)
    assert said == recorded["stderr"].rstrip("\n")
    assert answer["exit"] == recorded["exit"]
