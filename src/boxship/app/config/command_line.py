"""The daemon's command line."""

import os
from dataclasses import replace
from typing import Any

from boxship.app.config.check import check
from boxship.app.config.file import from_file
from boxship.app.config.options import LIST, NUMBER, OPTIONS, PAIRS, RUNTIMES, SWITCH, ULIMITS, Option
from boxship.app.config.ulimits import ulimit
from boxship.app.config.values import CONFIG_FILE, DaemonConfig, UsageError
from boxship.model.config import Ulimit
from boxship.runtime.runtimes import BUILT_IN

_CONFIG = Option("config")
_LONG = {f"--{option.flag}": option for option in (*OPTIONS, _CONFIG) if not option.file_only}
_SHORT = {f"-{option.short}": f"--{option.flag}" for option in OPTIONS if option.short} | {"-h": "--help"}


def parse_arguments(arguments: list[str]) -> DaemonConfig | None:
    """The configuration that a command line gives; None when it asks for help. UsageError.

    Not argparse: it would stay in the daemon's memory for good.
    """
    given: dict[Option, Any] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if word[:2] in _SHORT and len(word) > 2 and not word.startswith("--"):
            # -Hunix:///path
            name, equals, value = _SHORT[word[:2]], "=", word[2:].removeprefix("=")
        if name == "--help":
            return None
        option = _LONG.get(name)
        if option is None:
            raise UsageError(f"{'unknown flag' if word.startswith('-') else 'unexpected argument'}: {word}")
        if option.kind == SWITCH:
            given[option] = value.lower() not in ("false", "0") if equals else True
            continue
        if not equals:
            if not rest:
                raise UsageError(f"flag needs an argument: {word}")
            value = rest.pop(0)
        if option.kind in (LIST, PAIRS, RUNTIMES, ULIMITS):
            given.setdefault(option, []).append(value)
        else:
            given[option] = _number(option, value) if option.kind == NUMBER else value
    path = given.pop(_CONFIG, CONFIG_FILE)
    config = from_file(path) if path != CONFIG_FILE or os.path.exists(path) else DaemonConfig()
    return check(replace(config, **{option.name: _value(option, told, config) for option, told in given.items()}))


def _value(option: Option, told: Any, config: DaemonConfig) -> Any:
    """As DaemonConfig keeps it."""
    if option.kind == LIST:
        return tuple(told)
    if option.kind == PAIRS:
        return tuple((key, value) for key, _, value in (pair.partition("=") for pair in told))
    if option.kind == RUNTIMES:
        return tuple({**dict(config.runtimes), **_added(told)}.items())
    if option.kind == ULIMITS:
        limits = {limit.name: limit for limit in (*config.default_ulimits, *(_ulimit(text) for text in told))}
        return tuple(limits.values())
    return told


def _ulimit(text: str) -> Ulimit:
    try:
        return ulimit(text)
    except ValueError as error:
        raise UsageError(f'invalid argument "{text}" for "--default-ulimit" flag: {error}') from None


def _number(option: Option, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise UsageError(f'invalid argument "{value}" for "--{option.flag}" flag: not a whole number') from None


def _added(options: list[str]) -> dict[str, tuple[str, ...]]:
    """--add-runtime NAME=PATH."""
    added: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, _, path = option.partition("=")
        name = name.lower()
        fault = ""
        if not name or not path:
            fault = f"invalid runtime argument: {option}"
        elif name == BUILT_IN:
            fault = f"runtime name '{name}' is reserved"
        elif name in added:
            fault = f"runtime '{name}' was already defined"
        if fault:
            raise UsageError(f'invalid argument "{option}" for "--add-runtime" flag: {fault}')
        added[name] = (path,)
    return added
