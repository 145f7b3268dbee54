"""Loading the default profile: whatever the parser says reaches the person. The kernel's part is in tests/api."""

from pathlib import Path

import pytest

from boxship.lib.errors import BoxshipError
from boxship.runtime.apparmor import load_at_boot, load_default, make_ready
from boxship.runtime.profiles.apparmor import DEFAULT_PROFILE
from boxship.runtime.spec import HostFeatures


def parser(folder: Path, script: str) -> HostFeatures:
    """A machine whose apparmor_parser is this script."""
    path = folder / "apparmor_parser"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return HostFeatures(apparmor=True, apparmor_parser=str(path))


def test_it_gets_the_profile(tmp_path: Path):
    load_default(parser(tmp_path, f'echo "$@" >{tmp_path}/options; cat >{tmp_path}/text'))
    assert (tmp_path / "options").read_text() == "-K -r\n"
    assert (tmp_path / "text").read_text().startswith(f'profile "{DEFAULT_PROFILE}"')


def test_what_it_says_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    features = parser(tmp_path, "echo syntax error in line 3; echo more >&2; exit 7")
    with pytest.raises(BoxshipError, match=r"could not be loaded: .* exited with 7: syntax error in line 3\nmore"):
        load_default(features)
    load_at_boot(features)
    assert "AppArmor enabled on system but the boxship-default profile could not be loaded" in caplog.text


def test_a_parser_that_went_away(caplog: pytest.LogCaptureFixture):
    load_at_boot(HostFeatures(apparmor=True, apparmor_parser="/no/apparmor_parser"))
    assert "No such file or directory" in caplog.text
    caplog.clear()
    load_at_boot(HostFeatures(apparmor=True))
    assert "apt-get install apparmor" in caplog.text
    caplog.clear()
    load_at_boot(HostFeatures())
    assert caplog.text == ""


def test_profiles_that_containers_want(tmp_path: Path):
    for profile in ("", "unconfined"):
        make_ready(profile, HostFeatures())
    with pytest.raises(BoxshipError, match="apparmor failed to apply profile bx-none: no such file or directory"):
        make_ready("bx-none", HostFeatures(apparmor=True))
