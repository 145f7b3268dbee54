"""Paths of the archive verbs: cleaned as text, found inside a root, described as Go does."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive import lookup
from boxship.archive.entry import ArchiveError

PATHS = st.lists(st.sampled_from([b"a", b"b", b".", b"..", b"", b"l", b"\xff"]), max_size=8).map(b"/".join)


@pytest.mark.parametrize(
    ("path", "clean", "base"),
    [
        (b"/", b"/", b"/"),
        (b".", b"/.", b"."),
        (b"etc", b"/etc", b"etc"),
        (b"/etc/", b"/etc/", b"etc"),
        (b"/etc/.", b"/etc/.", b"."),
        (b"//a//../b", b"/b", b"b"),
        (b"/../../x", b"/x", b"x"),
        (b"/a/..", b"/", b"/"),
    ],
)
def test_cleaning(path: bytes, clean: bytes, base: bytes) -> None:
    """The end counts."""
    assert (lookup.clean(path), lookup.base(lookup.clean(path))) == (clean, base)


@given(PATHS)
def test_a_clean_path_stays_clean(path: bytes) -> None:
    """It begins at the root, has no `..` left, and cleaning it again changes nothing."""
    clean = lookup.clean(path)
    assert clean.startswith(b"/") and b".." not in clean.split(b"/")
    assert lookup.clean(clean) == clean


@given(PATHS, PATHS)
def test_nothing_leads_out(path: bytes, target: bytes) -> None:
    """Whatever a path and a link in it say, what is found lies in the root."""
    import tempfile

    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        outside = Path(name)
        root = outside / "root"
        (root / "a/b").mkdir(parents=True)
        (outside / "b").mkdir()
        if target and b"\0" not in target:
            os.symlink(target, os.fsencode(root) + b"/a/l")
        fd = os.open(root, os.O_PATH)
        try:
            followed = lookup.follow(fd, b"/a/l")
            found = lookup.find(fd, lookup.clean(b"/a/l/" + path))
        except (ArchiveError, OSError):
            return
        finally:
            os.close(fd)
        where = os.readlink(f"/proc/self/fd/{found}")
        os.close(found)
        assert (where + "/").startswith(f"{root}/")
        assert b".." not in followed.split(b"/")


@pytest.mark.parametrize(
    ("mode", "theirs"),
    [
        (stat.S_IFREG | 0o644, 420),
        (stat.S_IFDIR | 0o755, 2147484141),
        (stat.S_IFLNK | 0o777, 134218239),
        (stat.S_IFDIR | 0o1777, 1 << 31 | 1 << 20 | 0o777),
        (stat.S_IFREG | 0o4755, 1 << 23 | 0o755),
        (stat.S_IFCHR | 0o666, 1 << 26 | 1 << 21 | 0o666),
    ],
)
def test_modes_as_go_has_them(mode: int, theirs: int) -> None:
    """io/fs, FileMode."""
    assert lookup.go_mode(mode) == theirs


def test_endless_links(tmp_path: Path) -> None:
    """They are described as links; where they lead can't be told."""
    (tmp_path / "l").symlink_to("l")
    fd = os.open(tmp_path, os.O_PATH)
    try:
        with pytest.raises(ArchiveError, match="too many links"):
            lookup.describe(fd, b"/l")
    finally:
        os.close(fd)
