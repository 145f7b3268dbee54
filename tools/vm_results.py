"""What `make vm` keeps of each file of tests: the result, and at which state of the tree it was found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

# pytest's exit codes: all passed; no test was collected (it holds elsewhere only).
GOOD = (0, 5)


@dataclass(frozen=True)
class Result:
    """One file's last run. tree: the content that was tested; seconds: of the whole file, on the emulated machine."""

    file: str
    tree: str
    commit: str
    day: str
    code: int
    seconds: int
    passed: int = 0
    skipped: int = 0
    wrong: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing failed, and the run came to its end."""
        return self.code in GOOD and not self.wrong


def slug(name: str) -> str:
    """A test file's name as the name of its results: tests/api/test_wait.py is tests.api.test_wait."""
    return name.removesuffix(".py").replace("/", ".")


def read_result(file: str, state: tuple[str, str, str], code: str, report: str, log: str) -> Result:
    """A result from what the machine wrote: the `.code`, the JUnit report ("" without one), and the log.

    state: tree, commit and day.
    """
    number, seconds = (int(word) for word in code.split())
    passed = skipped = 0
    wrong: list[str] = []
    for case in ElementTree.fromstring(report).iter("testcase") if report else ():
        failure = next((child for child in case if child.tag in ("failure", "error")), None)
        if failure is not None:
            reason = " ".join(failure.get("message", "").split())[:160]
            wrong.append(f"{case.get('name', '')}: {reason}")
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    if number not in GOOD and not wrong:
        lines = log.rstrip().splitlines() or ["nothing in its log"]
        wrong.append(f"ended with {number}: {lines[-1]}")
    absent = tuple(line for line in log.splitlines() if re.search(r"(?<!\b0 )no fact", line))
    return Result(file, *state, number, seconds, passed, skipped, tuple(wrong), absent)


def load(folder: Path) -> dict[str, Result]:
    """The results that are kept, by file."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        fields = json.loads(path.read_text())
        fields["wrong"], fields["absent"] = tuple(fields["wrong"]), tuple(fields["absent"])
        result = Result(**fields)
        found[result.file] = result
    return found


def save(folder: Path, result: Result) -> None:
    """Keep a result, in place of the file's earlier one."""
    (folder / f"{slug(result.file)}.json").write_text(json.dumps(asdict(result), indent=1) + "\n")


def to_run(files: Iterable[str], kept: dict[str, Result], tree: str) -> list[str]:
    """Those that have not passed at this state of the tree, the longest first: the machine has two processors."""
    left = [file for file in files if not (file in kept and kept[file].tree == tree and kept[file].good)]
    return sorted(left, key=lambda file: (-(kept[file].seconds if file in kept else 600), file))


def summary(files: Iterable[str], kept: dict[str, Result]) -> tuple[bool, str]:
    """Whether all of them have passed, and what to read: a line a file, the failures below it, the totals."""
    lines, good = [], True
    passed = skipped = wrong = 0
    for file in sorted(files):
        result = kept.get(file)
        if result is None:
            good = False
            lines.append(f"{file}: not run")
            continue
        good = good and result.good
        passed, skipped, wrong = passed + result.passed, skipped + result.skipped, wrong + len(result.wrong)
        told = f"{result.passed} passed, {result.skipped} skipped, {len(result.wrong)} failed"
        lines.append(f"{file}: {told} in {result.seconds} s ({result.commit}, {result.day})")
        lines += [f"    {text}" for text in (*result.wrong, *result.absent)]
    return good, "\n".join([*lines, f"{passed} passed, {skipped} skipped, {wrong} failed"])
