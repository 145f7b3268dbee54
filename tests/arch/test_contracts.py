"""The house's rules, held by tools: import contracts, types, style, sizes, words."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PYTHON = sorted((TREE / "src").rglob("*.py"))
LARGEST = 450
# Words that promise work instead of doing it; and homes of code that nobody finds again.
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
HEAVY = (
    *("asyncio", "msgspec", "logging", "subprocess", "pathlib", "dataclasses", "h11", "sqlite3"),
    *("collections", "contextlib", "enum", "functools", "re", "typing", "json"),
)


@pytest.mark.parametrize(
    "command",
    [("lint-imports", "--no-cache"), ("ruff", "check", "--no-cache", "."), ("mypy",)],
    ids=["imports", "ruff", "mypy"],
)
def test_tool_finds_nothing(command: tuple[str, ...]) -> None:
    """import-linter's contracts, ruff and mypy --strict, each as pyproject.toml sets it up."""
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=TREE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_stay_small() -> None:
    """A file that grows past a few screens holds two things."""
    large = {str(path.relative_to(TREE)): _lines(path) for path in PYTHON if _lines(path) > LARGEST}
    assert not large


def test_nothing_is_left_for_later() -> None:
    """No marks of unfinished work."""
    found = [f"{path.relative_to(TREE)}: {line}" for path in PYTHON for line in _text(path) if UNFINISHED.search(line)]
    assert not found


def test_no_package_called_utils() -> None:
    """A name says what is inside."""
    assert not [
        path for path in (TREE / "src").rglob("*") if path.stem in ("utils", "util", "helpers", "common", "misc")
    ]


def test_the_zygote_stays_light() -> None:
    """What the zygote imports, every monitor carries: no library of the daemon's, no slow part of the standard one."""
    program = "import sys; sys.path.append(sys.argv[1]); import boxship.app.zygote; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", program, str(TREE / "src")]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & set(HEAVY)


def test_no_host_of_a_registry_and_no_path_of_a_machine_is_committed() -> None:
    """Mirrors are read from the machine's own settings."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TREE, capture_output=True, text=True, check=False).stdout
    words = ("/" + "work/", "/var/tmp/" + "peers", "artifact" + "registry", "python" + "hosted", "deb.debian" + ".org")
    # A folder's name after a word of ours ("FOLDER/…" in recorded requests) is no path of a machine.
    private = re.compile("|".join(rf"(?<!\w){re.escape(word)}" for word in words))
    found = []
    for name in filter(None, listed.split("\0")):
        path = TREE / name
        if path.is_file() and private.search(path.read_text(errors="replace")):
            found.append(name)
    assert not found


def _text(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _lines(path: Path) -> int:
    return len(_text(path))
