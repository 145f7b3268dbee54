"""Archives that are extracted into what is there already: on both sides of a copy, never outside."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive.entry import ArchiveError
from boxship.archive.extract import KEEP, Rules, extract
from boxship.archive.plain import PlainFolders
from boxship.archive.reader import TarReader
from boxship.archive.tree import Tree
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

SIDES = ("container", "person")
NAME = st.sampled_from(["a", "b", "l", "..", ".", "", "é"])
PATH = st.lists(NAME, min_size=1, max_size=4).map("/".join)
MEMBERS = st.lists(
    st.one_of(
        st.builds(file, PATH, st.just(b"x")),
        st.builds(folder, PATH),
        st.builds(symlink, PATH, PATH.filter(bool) | st.sampled_from(["/", "..", "../..", "/a", "l"])),
        st.builds(hardlink, PATH, PATH),
    ),
    max_size=8,
)


def put(side: str, into: Path, *members: Member, rules: Rules | None = None) -> None:
    """Extract an archive of the members."""
    root = os.open(into, os.O_RDONLY | os.O_DIRECTORY)
    try:
        folders = Tree(root) if side == "container" else PlainFolders(root)
        extract(TarReader(io.BytesIO(tar(*members)).read), folders, b"/into", rules or Rules(owner=KEEP))
    finally:
        os.close(root)


@contextmanager
def places() -> Iterator[tuple[Path, Path]]:
    """A folder to extract into, and the one around it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        into = Path(name) / "into"
        into.mkdir()
        yield into, Path(name)


@pytest.mark.parametrize("side", SIDES)
@given(members=MEMBERS)
def test_nothing_is_written_outside(side: str, members: list[Member]) -> None:
    """Whatever an archive holds, it is an error or it stays inside."""
    with places() as (into, around):
        (around / "a").write_text("outside")
        (around / "b").mkdir()
        before = (around / "a").stat()
        try:
            put(side, into, *members)
        except (ArchiveError, OSError):
            pass
        assert sorted(path.name for path in around.iterdir()) == ["a", "b", "into"]
        assert not list((around / "b").iterdir())
        after = (around / "a").stat()
        assert (after.st_mtime_ns, after.st_nlink, after.st_mode) == (before.st_mtime_ns, 1, before.st_mode)


@pytest.mark.parametrize("side", SIDES)
def test_merging(side: str) -> None:
    """Folders are merged, files replaced, links never written through."""
    with places() as (into, around):
        (into / "d").mkdir()
        (into / "d/kept").write_text("kept")
        (into / "d/old").write_text("old")
        (around / "secret").write_text("secret")
        (into / "d/link").symlink_to("../../secret")
        put(side, into, folder("d", 0o700), file("d/old", b"new"), file("d/link", b"new"))
        assert {path.name: path.read_text() for path in (into / "d").iterdir()} == {
            "kept": "kept",
            "old": "new",
            "link": "new",
        }
        assert (around / "secret").read_text() == "secret"
        assert (into / "d").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("side", SIDES)
def test_kinds_are_kept(side: str) -> None:
    """No folder gives way to a file, and no other way round."""
    rules = Rules(owner=KEEP, keep_kinds=True)
    with places() as (into, _):
        put(side, into, folder("d"), file("f", b"x"))
        with pytest.raises(ArchiveError, match='cannot overwrite directory "d" with non-directory "/into"'):
            put(side, into, file("d", b"x"), rules=rules)
        with pytest.raises(ArchiveError, match='cannot overwrite non-directory "f" with directory "/into"'):
            put(side, into, folder("f"), rules=rules)
        put(side, into, file("d", b"x"), folder("f"))
        assert (into / "d").is_file() and (into / "f").is_dir()


def test_a_persons_links_are_not_followed() -> None:
    """Out of a container nothing is written through a link."""
    with places() as (into, around):
        (around / "b").mkdir()
        (into / "b").symlink_to("../b")
        with pytest.raises(ArchiveError, match="no folder"):
            put("person", into, file("b/x", b"x"))
        assert not list((around / "b").iterdir())


def test_renaming() -> None:
    """Entries and the targets of hard links alike."""
    rules = Rules(owner=KEEP, rename=lambda name: name.replace(b"old", b"new", 1))
    with places() as (into, _):
        put("person", into, folder("old"), file("old/f", b"x"), hardlink("old/h", "old/f"), rules=rules)
        assert sorted(path.name for path in (into / "new").iterdir()) == ["f", "h"]
        assert (into / "new/h").stat().st_nlink == 2
