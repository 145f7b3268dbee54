"""Who does not start the daemon, and what they are told."""

from __future__ import annotations

import errno
import os

import pytest

from boxship.cli.autostart import start
from boxship.cli.unreachable import advice
from boxship.client.client import Client
from boxship.client.errors import Unreachable
from boxship.client.host import DEFAULT_SOCKET, Host

DEFAULT = Host(f"unix://{DEFAULT_SOCKET}", DEFAULT_SOCKET, default=True)


def _gone(number: int = errno.ENOENT) -> Unreachable:
    return Unreachable(DEFAULT.url, number, f"Cannot connect to the engine at {DEFAULT.url}. Is the daemon running?")


def test_only_root_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    failure = _gone()
    with pytest.raises(Unreachable) as raised:
        start(Client(DEFAULT), failure)
    assert raised.value is failure
    assert advice(failure).endswith("\n  to start it:   sudo boxship daemon")


def test_it_is_not_started_where_it_runs_and_refuses() -> None:
    failure = _gone(errno.EACCES)
    with pytest.raises(Unreachable) as raised:
        start(Client(DEFAULT), failure)
    assert raised.value is failure
    assert "permission denied" in advice(failure)
