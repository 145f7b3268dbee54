"""What the escapes need beside the fixtures of every test."""

from pathlib import Path

import pytest

from tests.support.attacks import Attacks


@pytest.fixture(scope="session")
def attacks(client_home: Path, scratch: Path) -> Attacks:
    """Hostile images and programs."""
    return Attacks(client_home / "bin/busybox", scratch / "attacks")
