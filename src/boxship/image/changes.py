"""The instructions that `docker import --change` and `docker commit --change` take.

Wording of the errors as Docker 28.5.2 gives them.
"""

import json
import posixpath
import re
from collections.abc import Callable
from typing import Any

from boxship.image import words
from boxship.image.healthcheck import healthcheck
from boxship.lib.errors import InvalidParameter

_SHELL = ["/bin/sh", "-c"]
_PORT = re.compile(r"(?:(?:[0-9.]*:)?[0-9]*:)?(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?")
_CONTINUED = re.compile(r"\\[ \t]*\n")
_SIGNAL = re.compile(
    r"(?:SIG)?(?:ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS"
    r"|TERM|TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(?:\+[0-9]+)?|RTMAX(?:-[0-9]+)?)",
    re.IGNORECASE,
)

Config = dict[str, Any]


def apply_changes(changes: list[str], config: Config | None = None) -> Config:
    """The config (keys as in an image's config blob) with the instructions applied, in their order.

    Each change may hold several lines. InvalidParameter for what is no instruction or not allowed here.
    """
    result = dict(config or {})
    for change in changes:
        lines = [line.strip() for line in _CONTINUED.sub("", change).splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        if not lines:
            raise InvalidParameter("file with no instructions")
        for line in lines:
            name, _, rest = line.partition(" ")
            name = name.upper()
            if name not in _INSTRUCTIONS:
                raise InvalidParameter(f"{name} is not a valid change command")
            rest = rest.strip()
            if rest.startswith("--") and name != "HEALTHCHECK":
                raise InvalidParameter(f"unknown flag: {rest.split('=')[0].split()[0]}")
            _INSTRUCTIONS[name](result, rest)
    return {key: value for key, value in result.items() if value is not None}


def _cmd(config: Config, text: str) -> None:
    config["Cmd"] = _command(text)


def _entrypoint(config: Config, text: str) -> None:
    config["Entrypoint"] = _command(text) if text else None


def _env(config: Config, text: str) -> None:
    values = _variables(config)
    for name, value in _pairs("ENV", config, text):
        if not name:
            raise InvalidParameter("ENV names can not be blank")
        values[name] = value
    config["Env"] = [f"{name}={value}" for name, value in values.items()]


def _label(config: Config, text: str) -> None:
    labels = dict(config.get("Labels") or {})
    for name, value in _pairs("LABEL", config, text):
        if not name:
            raise InvalidParameter("LABEL names can not be blank")
        labels[name] = value
    config["Labels"] = labels


def _expose(config: Config, text: str) -> None:
    ports = dict(config.get("ExposedPorts") or {})
    for word in words.split(_needed("EXPOSE", text)):
        port, _, protocol = words.expand(word, _variables(config)).partition("/")
        protocol = protocol.lower() or "tcp"
        if protocol not in ("tcp", "udp", "sctp"):
            raise InvalidParameter(f"Invalid proto: {protocol}")
        match = _PORT.fullmatch(port)
        first = int(match["first"]) if match else -1
        last = int(match["last"] or first) if match else -1
        if match is None or not 0 <= first <= last <= 65535:
            raise InvalidParameter(f"Invalid containerPort: {port}")
        ports.update({f"{number}/{protocol}": {} for number in range(first, last + 1)})
    config["ExposedPorts"] = ports


def _user(config: Config, text: str) -> None:
    config["User"] = words.expand(_one("USER", text), _variables(config))


def _volume(config: Config, text: str) -> None:
    volumes = dict(config.get("Volumes") or {})
    for path in _json_words(text) or words.split(_needed("VOLUME", text)):
        path = words.expand(path, _variables(config))
        if not path.strip():
            raise InvalidParameter("VOLUME specified can not be an empty string")
        volumes[path] = {}
    config["Volumes"] = volumes


def _workdir(config: Config, text: str) -> None:
    path = words.expand(_one("WORKDIR", text), _variables(config))
    path = posixpath.normpath(posixpath.join(config.get("WorkingDir") or "/", path))
    config["WorkingDir"] = "/" + path.lstrip("/")


def _onbuild(config: Config, text: str) -> None:
    trigger = _needed("ONBUILD", text).split()[0].upper()
    if trigger == "ONBUILD":
        raise InvalidParameter("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in ("FROM", "MAINTAINER"):
        raise InvalidParameter(f"{trigger} isn't allowed as an ONBUILD trigger")
    config["OnBuild"] = [*(config.get("OnBuild") or []), text]


def _stopsignal(config: Config, text: str) -> None:
    signal = words.expand(_one("STOPSIGNAL", text), _variables(config))
    if not (signal.isdigit() and int(signal) > 0) and not _SIGNAL.fullmatch(signal):
        raise InvalidParameter(f"invalid signal: {signal}")
    config["StopSignal"] = signal


def _healthcheck(config: Config, text: str) -> None:
    config["Healthcheck"] = healthcheck(_needed("HEALTHCHECK", text), _json_words)


def _command(text: str) -> list[str] | None:
    if (exec_form := _json_words(text)) is not None:
        return exec_form or None
    return [*_SHELL, text] if text else list(_SHELL)


def _json_words(text: str) -> list[str] | None:
    """The exec form; None when the text is not JSON, and so the shell form."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InvalidParameter("when using JSON array syntax, arrays must be comprised of strings only")
    return value


def _pairs(instruction: str, config: Config, text: str) -> list[tuple[str, str]]:
    parts = words.split(_needed(instruction, text))
    variables = _variables(config)
    if "=" not in parts[0]:
        # The old form: one name, the rest of the line is its value.
        name, _, value = text.partition(" ")
        if not value.strip():
            raise InvalidParameter(f"{instruction} must have two arguments")
        return [(words.expand(name, variables), words.expand(value.strip(), variables))]
    pairs = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise InvalidParameter(f'Syntax error - can\'t find = in "{part}". Must be of the form: name=value')
        pairs.append((words.expand(name, variables), words.expand(value, variables)))
    return pairs


def _variables(config: Config) -> dict[str, str]:
    return {name: value for name, _, value in (item.partition("=") for item in config.get("Env") or [])}


def _needed(instruction: str, text: str) -> str:
    if not text:
        raise InvalidParameter(f"{instruction} requires at least one argument")
    return text


def _one(instruction: str, text: str) -> str:
    if not text:
        raise InvalidParameter(f"{instruction} requires exactly one argument")
    return text


_INSTRUCTIONS: dict[str, Callable[[Config, str], None]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
