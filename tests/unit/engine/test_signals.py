"""Signals as the API writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.container.signals import is_supported, parse_signal
from boxship.lib.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9", 9),
        ("KILL", 9),
        ("SIGKILL", 9),
        ("sigterm", 15),
        ("Hup", 1),
        ("RTMIN", 34),
        ("SIGRTMIN+3", 37),
        ("rtmax-1", 63),
        ("RTMAX", 64),
        ("99", 99),
        ("-1", -1),
    ],
)
def test_known(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize("text", ["FOO", "0", "", "SIG", "RTMIN+99", "9x", "KILL "])
def test_unknown(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^invalid signal: "):
        parse_signal(text)


@given(st.integers(min_value=-200, max_value=200))
def test_supported(number: int) -> None:
    assert is_supported(number) == (number in range(1, 32) or number in range(34, 65))
