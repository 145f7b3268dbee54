"""Says which sections of Docker's reports have no counterpart on a machine like this."""

from __future__ import annotations

import pytest

NO_FACT = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[NO_FACT] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each section that was not compared, with the reason and how often."""
    for reason, count in sorted(config.stash.get(NO_FACT, {}).items()):
        terminalreporter.write_line(f"probe: no fact for {reason} ({count} sets of options)")
