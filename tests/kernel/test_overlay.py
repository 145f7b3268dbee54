"""Overlay mounts, by the new interface and by the old one that kernels before 6.5 need."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.kernel import mount, process

LAYERS = 20


@pytest.fixture
def layers() -> Iterator[tuple[list[str], str, str, str]]:
    """Lower folders, the top one first, a writable layer, its work folder, and a place for the mount."""
    with tempfile.TemporaryDirectory(prefix="boxship-overlay-", dir="/var/tmp") as root:
        for number in range(LAYERS):
            folder = Path(root, "layers", f"{number:02}:x")
            folder.mkdir(parents=True)
            (folder / f"of{number}").write_text("")
            (folder / "top").write_text(str(number))
        for name in ("upper", "work", "place"):
            Path(root, name).mkdir()
        lower = [f"{root}/layers/{number:02}:x" for number in range(LAYERS)]
        yield lower, f"{root}/upper", f"{root}/work", f"{root}/place"


def in_private_mounts(work: Callable[[], None]) -> int:
    """Run `work` in a process with a mount namespace of its own; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            process.unshare(process.CLONE_NEWNS)
            mount.set_propagation("/", mount.MS_PRIVATE | mount.MS_REC)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_layers_are_merged(layers: tuple[list[str], str, str, str], old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    lower, upper, work, place = layers
    if old:
        # What such a kernel answers: EINVAL, and nothing in the log.
        def refuse(*_: object) -> int:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

        monkeypatch.setattr(mount, "mount_filesystem", refuse)

    def check() -> None:
        here = os.getcwd()
        fd = mount.overlay(lower, upper, work)
        assert os.getcwd() == here
        target = os.open(place, os.O_PATH)
        mount.move(fd, target)
        Path(place, "written").write_text("w")
        assert Path(place, "top").read_text() == "0"
        assert {f"of{number}" for number in range(LAYERS)} <= set(os.listdir(place))

    assert in_private_mounts(check) == 0
    assert os.listdir(upper) == ["written"]
    assert os.listdir(place) == []


def test_what_is_really_wrong_is_told_by_the_new_interface(layers: tuple[list[str], str, str, str]) -> None:
    lower, upper, _, _ = layers

    def check() -> None:
        with pytest.raises(OSError, match="fsconfig") as caught:
            # The work folder may not be the upper one.
            mount.overlay(lower, upper, upper)
        assert caught.value.errno == errno.EINVAL

    assert in_private_mounts(check) == 0
