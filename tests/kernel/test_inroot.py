"""Opening and making paths in a root that somebody hostile has filled."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.kernel.inroot import is_null, make_in_root, open_in_root, open_on_mount, plain_folder

OUT = "../" * 30


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    """A folder with links that lead out of it; beside it a file that nobody may reach."""
    inside = tmp_path / "root"
    (inside / "real/deep").mkdir(parents=True)
    (tmp_path / "victim").write_text("safe")
    for name, target in (
        ("up", "../victim"),
        ("far", f"{OUT}etc/passwd"),
        ("absolute", "/etc/passwd"),
        ("magic", "/proc/self/root/etc/passwd"),
        ("inside", "real/deep"),
        ("nowhere", "/missing/place"),
        ("loop", "loop"),
    ):
        (inside / name).symlink_to(target)
    (inside / "file").write_text("mine")
    fd = os.open(inside, os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)
    assert (tmp_path / "victim").read_text() == "safe"
    assert sorted(os.listdir(tmp_path)) == ["root", "victim"]


@pytest.mark.parametrize(
    "name", ["up", "far", "absolute", "magic", "../victim", f"{OUT}etc/passwd", "/real/../../victim"]
)
def test_links_and_dots_stay_inside(root: int, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        open_in_root(root, name, os.O_RDONLY)


@pytest.mark.parametrize("name", ["/proc/self/root", "/proc/self/cwd", "/proc/self/exe", "/proc/self/fd/{fd}"])
def test_links_of_proc_are_not_followed(name: str) -> None:
    fd = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError) as caught:
            open_in_root(fd, name.format(fd=fd), os.O_PATH)
        assert caught.value.errno == errno.ELOOP
    finally:
        os.close(fd)


def test_what_is_missing_is_made_inside(root: int, tmp_path: Path) -> None:
    for name, made in (("nowhere", "missing/place"), ("up", "victim"), ("a/b/c", "a/b/c"), ("../x/y", "x/y")):
        os.close(make_in_root(root, name, folder=True))
        assert (tmp_path / "root" / made).is_dir()
    with pytest.raises(OSError) as caught:
        make_in_root(root, "loop", folder=True)
    assert caught.value.errno == errno.ELOOP


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("inside", errno.ELOOP),
        ("inside/x", errno.ELOOP),
        ("loop", errno.ELOOP),
        ("file", errno.ENOTDIR),
        ("up", errno.ELOOP),
    ],
)
def test_a_plain_folder_is_no_link(root: int, name: str, code: int) -> None:
    with pytest.raises(OSError) as caught:
        plain_folder(root, name)
    assert caught.value.errno == code


def test_a_plain_folder_is_made(root: int, tmp_path: Path) -> None:
    for name in ("real", "/real/new", "fresh"):
        os.close(plain_folder(root, name))
        assert (tmp_path / "root" / name.lstrip("/")).is_dir()


@pytest.mark.parametrize(
    ("name", "code"), [("self/comm", errno.ELOOP), ("../etc/passwd", errno.EXDEV), ("sys/kernel/none", errno.ENOENT)]
)
def test_on_a_mount_nothing_else_is_reached(name: str, code: int) -> None:
    fd = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
    try:
        os.close(open_on_mount(fd, "sys/kernel/ostype", os.O_RDONLY))
        with pytest.raises(OSError) as caught:
            open_on_mount(fd, name, os.O_RDONLY)
        assert caught.value.errno == code
    finally:
        os.close(fd)


def test_what_covers_a_mount_is_not_entered(tmp_path: Path) -> None:
    """Another file system on top of a file takes no write that was meant for the one below."""
    (tmp_path / "over").write_text("fake")
    script = (
        "mount --make-rprivate /; mount --bind {over} /proc/sys/kernel/ostype; cat /proc/sys/kernel/ostype; exec "
        "{python} -c 'import os; from boxship.kernel.inroot import open_on_mount as o\n"
        'fd = os.open("/proc", os.O_PATH)\ntry: o(fd, "sys/kernel/ostype", os.O_RDONLY)\n'
        "except OSError as error: print(error.errno)'"
    )
    command = script.format(over=tmp_path / "over", python=sys.executable)
    said = subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, check=True)
    assert said.stdout == f"fake{errno.EXDEV}\n"


def test_the_null_device_by_any_name(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o020666, os.makedev(1, 3))
    os.mknod(tmp_path / "zero", 0o020666, os.makedev(1, 5))
    (tmp_path / "link").symlink_to("null")
    (tmp_path / "file").write_text("")
    for name, null in (("null", True), ("link", True), ("zero", False), ("file", False), (".", False)):
        fd = os.open(tmp_path / name, os.O_PATH)
        assert is_null(fd) is null, name
        os.close(fd)
