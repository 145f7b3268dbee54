"""The daemon's configuration file."""

from typing import Any

from boxship.app.config.check import check
from boxship.app.config.options import LIST, NUMBER, OPTIONS, PAIRS, REGISTRIES, RUNTIMES, SWITCH, TEXT, ULIMITS
from boxship.app.config.ulimits import ulimit
from boxship.app.config.values import DaemonConfig, UsageError
from boxship.lib.errors import InvalidParameter
from boxship.model.config import Ulimit
from boxship.registry.config import HostSettings, host_settings
from boxship.runtime.runtimes import BUILT_IN

_TYPES: dict[str, type[Any]] = {
    TEXT: str,
    SWITCH: bool,
    NUMBER: int,
    LIST: list,
    PAIRS: dict,
    RUNTIMES: dict,
    REGISTRIES: dict,
    ULIMITS: dict,
}


def from_file(path: str) -> DaemonConfig:
    """The configuration of a TOML file: the long options' names as keys (those of options that may be given again in
    the plural, as in Docker's daemon.json), `hosts` a list, `log-opts` a table, `runtimes` a table of tables with
    `path` and `runtimeArgs`, `default-ulimits` a table, and `registry` a table of tables by host (registry/config.py).

    UsageError, with the file's name, for what is not known or not of its type.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            read = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    options = {option.name: option for option in OPTIONS}
    values: dict[str, Any] = {}
    for key, value in read.items():
        option = options.get(key.replace("-", "_"))
        if option is None:
            known = ", ".join(option.key for option in OPTIONS)
            raise UsageError(f"{path}: {key}: unknown key (known are {known})")
        # Not isinstance: true is no number.
        if type(value) is not _TYPES[option.kind]:
            raise UsageError(
                f"{path}: {key}: not a {'table' if option.kind in (RUNTIMES, REGISTRIES, ULIMITS) else option.kind}"
            )
        if option.kind == PAIRS:
            value = tuple((name, str(text)) for name, text in value.items())
        elif option.kind == RUNTIMES:
            value = tuple((name, _command(path, name, told)) for name, told in value.items())
        elif option.kind == REGISTRIES:
            value = tuple((host, _registry(path, host, told)) for host, told in value.items())
        elif option.kind == ULIMITS:
            value = tuple(_limit(path, name, told) for name, told in value.items())
        elif option.kind == LIST:
            value = tuple(str(entry) for entry in value)
        values[option.name] = value
    return check(DaemonConfig(**values))


def _command(path: str, name: str, told: Any) -> tuple[str, ...]:
    where = f"{path}: runtimes: {name}"
    if name == BUILT_IN:
        raise UsageError(f"{where}: runtime name '{name}' is reserved")
    if not isinstance(told, dict) or not isinstance(told.get("path"), str) or not told["path"]:
        raise UsageError(f"{where}: a runtime is a table with its path")
    arguments = told.get("runtimeArgs", [])
    if set(told) - {"path", "runtimeArgs"} or not isinstance(arguments, list):
        raise UsageError(f"{where}: a runtime has a path and a list runtimeArgs, nothing else")
    return told["path"], *(str(argument) for argument in arguments)


def _limit(path: str, name: str, told: Any) -> Ulimit:
    """ "SOFT:HARD", or a table as in daemon.json."""
    try:
        if isinstance(told, str):
            return ulimit(f"{name}={told}")
        soft, hard = told.get("Soft"), told.get("Hard")
        if type(soft) is int and type(hard) is int:
            return Ulimit(name=name, soft=soft, hard=hard)
    except (ValueError, AttributeError):
        pass
    raise UsageError(f'{path}: default-ulimits: {name}: a limit is "SOFT:HARD", or a table with Soft and Hard')


def _registry(path: str, host: str, told: Any) -> HostSettings:
    try:
        return host_settings(host, told)
    except InvalidParameter as error:
        raise UsageError(f"{path}: {error.message}") from None
