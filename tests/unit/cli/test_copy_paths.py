"""The path rules of cp, without an engine."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.cli.context import CliError
from boxship.cli.copy import paths
from boxship.cli.copy.paths import Info

PATHS = st.lists(st.sampled_from(["a", "b", ".", "..", ""]), min_size=1, max_size=6).map("/".join)


@pytest.mark.parametrize(
    ("text", "container", "path"),
    [
        ("c:/x", "c", "/x"),
        ("c:", "c", ""),
        ("/a:b", "", "/a:b"),
        ("./a:b", "", "./a:b"),
        ("../a:b", "", "../a:b"),
        ("a", "", "a"),
        ("c:a:b", "c", "a:b"),
        (":/x", "", "/x"),
        ("-", "", "-"),
    ],
)
def test_arguments(text: str, container: str, path: str) -> None:
    """A colon names a container, unless the argument is plainly a path."""
    assert paths.split_argument(text) == (container, path)


@pytest.mark.parametrize(
    ("path", "folder", "entry"),
    [
        ("/a/b", "/a", "b"),
        ("/a/b/", "/a", "b"),
        ("/a/b/.", "/a/b", "."),
        ("/", "/", "/"),
        ("a", ".", "a"),
        ("/a", "/", "a"),
        (".", ".", "."),
    ],
)
def test_entries(path: str, folder: str, entry: str) -> None:
    """The folder and what is meant in it."""
    assert paths.split_entry(path) == (folder, entry)


@given(PATHS)
def test_cleaning(path: str) -> None:
    """Cleaned paths stay as they are, and their ends come back."""
    clean = paths.clean(path)
    assert paths.clean(clean) == clean
    assert not clean.startswith("//")
    kept = paths.keep_end(clean, path)
    assert paths.means_folder(kept) or not paths.means_folder(path)
    assert posixpath.normpath(kept) == posixpath.normpath(clean)


def test_arranging() -> None:
    """Into a folder, beside it under a new name, or not at all."""
    file, folder = Info("/s/f", exists=True), Info("/s/d", exists=True, folder=True)
    assert paths.arrange(file, Info("/t", exists=True, folder=True)) == ("/t", "f", "f")
    assert paths.arrange(file, Info("/t/g")) == ("/t", "f", "g")
    assert paths.arrange(folder, Info("/t/g")) == ("/t", "d", "g")
    content = Info("/s/d/.", exists=True, folder=True)
    assert paths.arrange(content, Info("/t/g")) == ("/t", ".", "g")
    for source, target, message in (
        (folder, Info("/t", exists=True), "cannot copy directory"),
        (file, Info("/t/"), "no such directory"),
    ):
        with pytest.raises(CliError, match=message):
            paths.arrange(source, target)


@pytest.mark.parametrize(
    ("old", "new", "name", "renamed"),
    [
        ("d", "x", b"d/d/f", b"x/d/f"),
        ("d", "d", b"d/f", b"d/f"),
        (".", "x", b"./f", b"x/f"),
        ("/", "x", b"/etc", b"x/etc"),
    ],
)
def test_renaming(old: str, new: str, name: bytes, renamed: bytes) -> None:
    """Only what stands first."""
    assert paths.Renamer(old, new)(name) == renamed
