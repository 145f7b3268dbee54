"""Where a container's log lies and how it is kept."""

from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError
from boxship.lib.logframe import LogTarget
from boxship.model.container import ContainerRecord

_SIZES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

# Docker's `local`: five files of 20 MB. `json-file` grows without end unless it is told otherwise.
_DEFAULTS = {"local": (20 << 20, 5), "json-file": (0, 1), "none": (0, 1)}


def log_path(engine: Engine, record: ContainerRecord) -> str:
    """The file that is written now."""
    folder = engine.config.container_folder(record.id)
    if record.host.log_config.type == "json-file":
        return f"{folder}/{record.id}-json.log"
    return f"{folder}/container.log"


def log_target(engine: Engine, record: ContainerRecord) -> LogTarget:
    """The log of one container, its options understood. BoxshipError for a value that is none, in Docker's words."""
    driver = record.host.log_config.type
    options = record.host.log_config.config or {}
    size, count = _DEFAULTS[driver]
    try:
        if "max-size" in options:
            size = parse_size(options["max-size"])
        if "max-file" in options:
            count = _positive(options["max-file"])
    except ValueError as error:
        raise BoxshipError(
            f"failed to create task for container: failed to initialize logging driver: {error}"
        ) from None
    return LogTarget(
        driver,
        log_path(engine, record),
        max_size=max(size, 0),
        max_file=count,
        compress=options.get("compress", "true" if driver == "local" else "false") == "true",
        attributes=_attributes(record, options),
    )


def parse_size(text: str) -> int:
    """Bytes of `10m`, `64k`, `1g`, `-1` (no limit), powers of 1024. ValueError, in Docker's words."""
    if text == "-1":
        return -1
    digits = text.strip().lower().removesuffix("b").removesuffix("i")
    unit = digits[-1:] if digits[-1:].isalpha() else ""
    try:
        return int(float(digits.removesuffix(unit)) * _SIZES[unit])
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"invalid value for max-size: {text}: invalid size: '{text}'") from None


def _positive(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        raise ValueError(f'strconv.Atoi: parsing "{text}": invalid syntax') from None
    if count < 1:
        raise ValueError("max-file cannot be less than 1")
    return count


def _attributes(record: ContainerRecord, options: dict[str, str]) -> dict[str, str]:
    """What `docker logs --details` shows: the labels and the variables that the options name, and the tag."""
    labels = record.config.labels or {}
    variables = dict(entry.split("=", 1) for entry in record.config.env or () if "=" in entry)
    found = {name: labels[name] for name in _names(options, "labels") if name in labels}
    found |= {name: variables[name] for name in _names(options, "env") if name in variables}
    if tag := options.get("tag"):
        found["tag"] = tag.replace("{{.Name}}", record.name).replace("{{.ID}}", record.id[:12])
    return found


def _names(options: dict[str, str], key: str) -> list[str]:
    return [name.strip() for name in options.get(key, "").split(",") if name.strip()]
