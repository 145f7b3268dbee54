"""Sizes of logs."""

import pytest

from boxship.engine.container.log_target import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10m", 10 << 20),
        ("64k", 64 << 10),
        ("1g", 1 << 30),
        ("5", 5),
        ("5b", 5),
        ("2MB", 2 << 20),
        ("1.5k", 1536),
        ("-1", -1),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["x", "", "10q", "m", "1e9999"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="invalid value for max-size"):
        parse_size(text)
