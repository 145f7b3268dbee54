"""Names of runtimes, and what is run for them."""

from pathlib import Path

import pytest

from boxship.lib.errors import InvalidParameter
from boxship.runtime.runtimes import all_runtimes, runtime_command


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with runc and another runtime in it."""
    for name in ("runc", "other"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_built_in_one_has_no_command() -> None:
    assert runtime_command("", ()) == runtime_command("boxship", ()) == ()


@pytest.mark.parametrize("name", ["runc", "io.containerd.runc.v2"])
def test_runc_is_found_on_path_by_both_of_its_names(programs: Path, name: str) -> None:
    assert runtime_command(name, ()) == (f"{programs}/runc",)


@pytest.mark.parametrize("name", ["nope", "crun", "other", "BOXSHIP", "/usr/bin/runc", "../runc"])
def test_a_name_that_is_not_there(programs: Path, name: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        runtime_command(name, ())
    assert caught.value.message == f"unknown or invalid runtime name: {name}"


def test_what_is_configured_comes_first(programs: Path) -> None:
    configured = (("mine", ("other", "--debug")), ("runc", ("/opt/runc",)))
    assert runtime_command("mine", configured) == (f"{programs}/other", "--debug")
    assert runtime_command("runc", configured) == ("/opt/runc",)


def test_all_of_them(programs: Path) -> None:
    assert all_runtimes((("mine", ("other", "--debug")),)) == {
        "boxship": ("boxship",),
        "runc": ("runc",),
        "io.containerd.runc.v2": ("runc",),
        "mine": ("other", "--debug"),
    }
