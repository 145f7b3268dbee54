"""Signals by name and number, and ids."""

import signal

import pytest

from boxship.lib.errors import InvalidParameter
from boxship.oci.container import check_id, start_time
from boxship.oci.ending import signal_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("KILL", 9),
        ("SIGTERM", 15),
        ("sigusr1", signal.SIGUSR1),
        ("9", 9),
        ("RTMIN+3", signal.SIGRTMIN + 3),
        ("RTMAX-1", 63),
    ],
)
def test_names_and_numbers(text: str, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize("text", ["", "0", "65", "NONE", "_DFL", "KILL+1", "RTMIN+", "-9"])
def test_what_is_no_signal(text: str) -> None:
    with pytest.raises(InvalidParameter):
        signal_number(text)


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a b", "\u00e4", "a\n"])
def test_ids_are_names_of_folders(text: str) -> None:
    with pytest.raises(InvalidParameter):
        check_id(text)


def test_a_process_that_is_not_there_has_no_start() -> None:
    assert start_time(2**22 + 1) == -1
    assert start_time(1) >= 0
