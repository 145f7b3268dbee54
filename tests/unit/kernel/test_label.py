"""Labels for the next exec: never passed over where the kernel has no such module."""

import errno
from pathlib import Path

import pytest

from boxship.kernel import label


@pytest.fixture(autouse=True)
def no_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(label, "_APPARMOR_SWITCH", str(tmp_path / "enabled"))
    monkeypatch.setattr(label, "_SELINUX_FOLDER", str(tmp_path / "selinux"))


def test_nothing_asked_opens_nothing() -> None:
    assert label.open_exec_labels("", "") == []


@pytest.mark.parametrize(("apparmor", "selinux"), [("docker-default", ""), ("", "system_u:system_r:container_t:s0")])
def test_a_label_without_its_module_is_an_error(apparmor: str, selinux: str) -> None:
    with pytest.raises(OSError, match="is not enabled") as caught:
        label.open_exec_labels(apparmor, selinux)
    assert caught.value.errno == errno.EOPNOTSUPP


def test_apparmor_that_is_switched_off(tmp_path: Path) -> None:
    (tmp_path / "enabled").write_text("N\n")
    assert not label.apparmor_enabled()
    (tmp_path / "enabled").write_text("Y\n")
    assert label.apparmor_enabled()
