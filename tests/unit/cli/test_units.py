"""Sizes as people write them."""

from __future__ import annotations

import pytest

from boxship.cli.units import human_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("0", 0), ("12", 12), ("12B", 12), ("1k", 1000), ("1kB", 1000), ("1.5MB", 1_500_000), ("2 GB", 2 * 10**9)),
        *(("1KiB", 1024), ("1.5mib", 1_572_864), ("2GiB", 2 << 30), ("1TB", 10**12)),
    ],
)
def test_a_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "B", "MB", "1XB", "-1MB", "1.2.3MB", "1iB", "1MBMB", "ten", "1e3", "1_000", "٣MB"]
)
def test_no_size(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


@pytest.mark.parametrize("size", [0, 999, 1000, 1500, 123_000_000, 2_500_000_000])
def test_what_is_printed_can_be_given(size: int) -> None:
    assert parse_size(human_size(size)) == size
