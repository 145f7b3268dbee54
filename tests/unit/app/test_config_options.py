"""The table of the daemon's options, its values and its help name the same things."""

from dataclasses import fields

from boxship.app.config.options import OPTIONS
from boxship.app.config.usage import HELP
from boxship.app.config.values import DaemonConfig

# A refusal with a hint of its own.
UNDOCUMENTED = {"userns-remap"}


def test_each_option_has_a_value_and_help() -> None:
    assert {option.name for option in OPTIONS} == {field.name for field in fields(DaemonConfig)}
    for option in OPTIONS:
        if option.flag not in UNDOCUMENTED and not option.file_only:
            start = f"  -{option.short}, --{option.flag}" if option.short else f"      --{option.flag}"
            assert any(line.startswith(f"{start} ") for line in HELP.splitlines()), option.flag


def test_the_table_is_in_order() -> None:
    flags = [option.flag for option in OPTIONS]
    assert flags == sorted(flags)
    assert len(set(flags)) == len(flags)
