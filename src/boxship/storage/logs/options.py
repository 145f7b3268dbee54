"""Docker's `--log-driver` and `--log-opt`: what is accepted, and what it means here.

Docker looks at names and at `mode` when a container is created (400), at the other values only when it starts
(500, "failed to create task for container: …"). `check_log_options` is the first, `parse_log_options` the second; the
messages are Docker's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.lib.logframe import LogTarget

# Docker's drivers that are known here by name only.
_FOREIGN = frozenset(("awslogs", "etwlogs", "fluentd", "gcplogs", "gelf", "journald", "splunk", "syslog"))
_ROTATION = frozenset(("max-file", "max-size", "compress"))
# Docker's `local` refuses these. It is the default here, so what people give to Docker's default must pass.
_DETAILS = frozenset(("labels", "labels-regex", "env", "env-regex", "tag"))
_MODE = frozenset(("mode", "max-buffer-size"))

# Twenty megabytes, five files: Docker's `local`. Here for `json-file` too, which Docker lets grow without limit.
DEFAULT_MAX_SIZE = 20 << 20
DEFAULT_MAX_FILE = 5

_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+) ?(?:([kmgtp])?(?:i?b)?)", re.IGNORECASE | re.ASCII)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_TAG_FIELD = re.compile(r"\{\{\s*\.(\w+)\s*\}\}")


def check_log_options(driver: str, options: Mapping[str, str]) -> None:
    """What Docker refuses when a container is created: InvalidParameter. driver: never empty."""
    if driver in _FOREIGN:
        raise InvalidParameter(
            f'log driver "{driver}" is not supported by this engine: use "local", "json-file" or "none" '
            f"and let a log shipper read the container's log"
        )
    if driver not in ("local", "json-file", "none"):
        raise InvalidParameter(f'error looking up logging plugin {driver}: plugin "{driver}" not found')
    mode = options.get("mode", "")
    if mode not in ("", "blocking", "non-blocking"):
        raise InvalidParameter(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options:
        if mode != "non-blocking":
            raise InvalidParameter("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
        try:
            parse_size(options["max-buffer-size"])
        except ValueError as error:
            raise InvalidParameter(f"error parsing option max-buffer-size: {error}") from None
    if driver == "none":
        # Docker keeps whatever it is given.
        return
    for name in sorted(options):
        if name not in _ROTATION | _DETAILS | _MODE:
            told = f"log driver {driver}" if driver == "local" else f"{driver} log driver"
            raise InvalidParameter(f"unknown log opt '{name}' for {told}")


def parse_log_options(
    driver: str,
    options: Mapping[str, str],
    path: str,
    attributes: Mapping[str, str] | None = None,
) -> LogTarget:
    """The log that these options ask for, at `path`. attributes: what `log_attributes` found.

    BoxshipError (500, as Docker's start) for a value that is none.
    """
    try:
        return _parse(driver, options, path, dict(attributes or {}))
    except ValueError as error:
        raise BoxshipError(
            f"failed to create task for container: failed to initialize logging driver: {error}"
        ) from None


def log_attributes(
    options: Mapping[str, str],
    *,
    labels: Mapping[str, str],
    environment: Mapping[str, str],
    tag_fields: Mapping[str, str],
) -> dict[str, str]:
    """What `docker logs --details` shows: the labels and variables that the options name, and the tag.

    tag_fields: values of the template's fields: ID, FullID, Name, ImageID, ImageFullID, ImageName, DaemonName.
    BoxshipError for a broken expression or template.
    """
    found: dict[str, str] = {}
    for names, expression, values in (
        ("labels", "labels-regex", labels),
        ("env", "env-regex", environment),
    ):
        wanted = [name.strip() for name in options.get(names, "").split(",")]
        found |= {name: values[name] for name in wanted if name in values}
        if pattern := options.get(expression):
            try:
                compiled = re.compile(pattern)
            except re.error as error:
                raise BoxshipError(
                    "failed to create task for container: failed to initialize logging driver: "
                    f"error parsing regexp: {error}: `{pattern}`"
                ) from None
            found |= {name: value for name, value in values.items() if compiled.search(name)}
    if tag := options.get("tag"):
        found["tag"] = _expand_tag(tag, tag_fields)
    return found


def parse_size(text: str) -> int:
    """Bytes of "10m", "1.5 GiB", "64k"; the units are powers of 1024. ValueError in Docker's words."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"invalid size: '{text}'")
    number, unit = match.groups()
    return int(float(number) * 1024 ** _UNITS[(unit or "").lower()])


def _parse(driver: str, options: Mapping[str, str], path: str, attributes: dict[str, str]) -> LogTarget:
    if driver == "none":
        return LogTarget(driver, "")
    local = driver == "local"
    size, files, compress = DEFAULT_MAX_SIZE, DEFAULT_MAX_FILE, False
    if (text := options.get("max-size")) is not None:
        try:
            size = parse_size(text)
        except ValueError as error:
            raise ValueError(f"invalid value for max-size: {text}: {error}" if local else str(error)) from None
        if not size and not local:
            raise ValueError("max-size must be a positive number")
    if (text := options.get("max-file")) is not None:
        try:
            files = _integer(text)
        except ValueError as error:
            raise ValueError(f"invalid value for max-file: {text}: {error}" if local else str(error)) from None
        if files < 0 and local:
            raise ValueError("max file count cannot be less than 0")
        if files < 1 and not local:
            raise ValueError("max-file cannot be less than 1")
    if (text := options.get("compress")) is not None:
        try:
            compress = _boolean(text)
        except ValueError as error:
            raise ValueError(f"error reading compress log option: {error}" if local else str(error)) from None
    if compress and files < 2:
        raise ValueError(
            "compression cannot be enabled when max file count is 1"
            if local
            else "compress cannot be true when max-file is less than 2 or max-size is not set"
        )
    return LogTarget(driver, path, size, max(files, 1), compress, attributes)


def _integer(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _boolean(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _expand_tag(template: str, fields: Mapping[str, str]) -> str:
    rest = _TAG_FIELD.sub("", template)
    reason = ""
    if "{{" in rest or "}}" in rest:
        reason = "only {{.Field}} is understood here"
    for match in _TAG_FIELD.finditer(template):
        if match.group(1) not in fields:
            reason = f"can't evaluate field {match.group(1)}: use one of {', '.join(fields)}"
    if reason:
        raise BoxshipError(
            "failed to create task for container: failed to initialize logging driver: "
            f"template: log-tag: {template}: {reason}"
        )
    return _TAG_FIELD.sub(lambda match: fields[match.group(1)], template)
