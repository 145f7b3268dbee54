"""What holds where systemd is the machine's init only. Elsewhere there is no fact, and the end of the run says so."""

import os

import pytest

SYSTEMD = os.path.isdir("/run/systemd/system")
collect_ignore_glob = [] if SYSTEMD else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not SYSTEMD:
        terminalreporter.write_line(
            "systemd: no fact (scopes, boxship setup): systemd does not run this machine; make vm"
        )
