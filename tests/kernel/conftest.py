"""Control groups that are gone when a test ends, on the machine's own hierarchies and on a v2 one of the test's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boxship.kernel.cgroup import Cgroup, Layout, detect


@pytest.fixture
def parent() -> str:
    return f"/boxship-test-{os.getpid()}"


@pytest.fixture
def machine() -> Layout:
    """The hierarchies that containers use here."""
    return detect()


@pytest.fixture
def unified(tmp_path: Path) -> Iterator[Layout]:
    """v2, without controllers: where the machine has v1 they are there."""
    root = tmp_path / "cgroup"
    root.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "none", str(root)], check=True)
    yield Layout(2, {"freezer": str(root), "devices": str(root)}, [str(root)])
    subprocess.run(["umount", str(root)], check=True)


@pytest.fixture(params=["machine", "unified"])
def layout(request: pytest.FixtureRequest) -> Layout:
    layout: Layout = request.getfixturevalue(request.param)
    return layout


@pytest.fixture
def make(parent: str) -> Iterator[Callable[..., Cgroup]]:
    """Makes groups that are gone when the test ends."""
    made: list[Cgroup] = []

    def create(layout: Layout, **resources: Any) -> Cgroup:
        group = Cgroup.create(f"{parent}/{len(made)}", resources, layout)
        made.append(group)
        return group

    yield create
    for group in made:
        group.kill_all()
        group.remove()
        above = Cgroup(parent, group.layout)
        above.remove_if_empty()
        assert not any(Path(folder).exists() for _, folder in above.folders)
