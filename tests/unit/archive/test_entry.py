"""Names of entries as paths."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive.entry import components, quoted


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (b"a/b", (b"a", b"b")),
        (b"/a//./b/", (b"a", b"b")),
        (b"a/../b", (b"b",)),
        (b"./", ()),
        (b"", ()),
        (b"\xff/\xfe", (b"\xff", b"\xfe")),
        (b"...", (b"...",)),
    ],
)
def test_components(name: bytes, parts: tuple[bytes, ...]) -> None:
    assert components(name) == parts


@pytest.mark.parametrize("name", [b"..", b"../a", b"a/../..", b"/..", b"a/./../../b", b"a\0b"])
def test_names_that_lead_out_are_refused(name: bytes) -> None:
    with pytest.raises(ValueError):
        components(name)


@given(st.lists(st.sampled_from([b"a", b"b", b"..", b".", b""])).map(b"/".join))
def test_components_agree_with_posix_where_they_stay_inside(name: bytes) -> None:
    relative = posixpath.normpath(name.lstrip(b"/") or b".")
    if relative.startswith(b".."):
        with pytest.raises(ValueError):
            components(name)
    else:
        assert b"/".join(components(name)) == (b"" if relative == b"." else relative)


def test_any_bytes_can_be_shown() -> None:
    assert quoted("ä\n".encode() + b"\xff") == '"ä\n\\xff"'
