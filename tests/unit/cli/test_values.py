"""Values of flags: sizes, durations, CPUs, CSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.cli import values


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("64m", 64 << 20),
        ("64MB", 64 << 20),
        ("64MiB", 64 << 20),
        ("1.5g", 3 << 29),
        ("2 k", 2048),
    ],
)
def test_size(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "1x", "1mm", "m", " ", "1_0"])
def test_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="invalid"):
        values.size(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1s", 10**9),
        ("1m30s", 90 * 10**9),
        ("1.5h", 5400 * 10**9),
        ("-2ms", -2 * 10**6),
        ("3us", 3000),
        ("3\u00b5s", 3000),
        (".5s", 5 * 10**8),
        ("1h2m3s4ms5us6ns", 3723004005006),
    ],
)
def test_duration(text: str, nanoseconds: int) -> None:
    assert values.duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", 'time: invalid duration ""'),
        ("1", 'time: missing unit in duration "1"'),
        ("1x", 'time: unknown unit "x" in duration "1x"'),
        ("s", 'time: invalid duration "s"'),
        (".s", 'time: invalid duration ".s"'),
    ],
)
def test_no_duration(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        values.duration(text)
    assert str(refused.value) == reason


def test_cpus() -> None:
    assert values.cpus("1.5") == 1_500_000_000
    assert values.cpus("3/2") == 1_500_000_000
    with pytest.raises(ValueError, match="too precise"):
        values.cpus("0.0000000001")
    with pytest.raises(ValueError, match="failed to parse x as a rational number"):
        values.cpus("x")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), min_size=1, max_size=5))
def test_csv_as_the_standard_library_writes_it(fields: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    expected = [] if line.getvalue() == "" else fields
    assert values.comma_list(line.getvalue()) == expected


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers(number: int) -> None:
    assert values.integer(str(number)) == number


@given(st.text())
def test_quoted_text_has_no_control_characters(text: str) -> None:
    quoted = values.quote(text)
    assert quoted.isprintable() and quoted[0] == quoted[-1] == '"'
