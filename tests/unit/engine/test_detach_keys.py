"""Detach keys."""

import pytest

from boxship.engine.exec.detach_keys import DEFAULT, parse_detach_keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", DEFAULT),
        ("ctrl-p,ctrl-q", DEFAULT),
        ("a", b"a"),
        ("ctrl-@,x", b"\0x"),
        ("ctrl-],ctrl-_", b"\x1d\x1f"),
        (",", None),
    ],
)
def test_keys(text: str, keys: bytes | None) -> None:
    if keys is None:
        with pytest.raises(ValueError, match="Unknown character"):
            parse_detach_keys(text)
    else:
        assert parse_detach_keys(text) == keys


@pytest.mark.parametrize("text", ["foo", ",", "ctrl-", "ctrl-A", "ctrl-ab", "a,,b", "ctrl-%"])
def test_bad_keys(text: str) -> None:
    with pytest.raises(ValueError, match="Unknown character"):
        parse_detach_keys(text)
