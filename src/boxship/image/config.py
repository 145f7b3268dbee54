"""Image configs: the JSON blob that says what an image is made of and how it runs.

OCI image spec, config.md; Docker adds container_config, docker_version, comment and a few keys of config.
"""

import calendar
import re
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from boxship.lib.errors import BoxshipError
from boxship.model import digest as digests
from boxship.model.config import ContainerConfig
from boxship.model.image import ImageRecord

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))")
_SETS = ("ExposedPorts", "Volumes")


def record_of(blob: bytes, size: int) -> ImageRecord:
    """The image that a config blob describes, without names; size: bytes of its layers unpacked.

    BoxshipError when the blob is no image config.
    """
    config = decode(blob)
    diff_ids = config["rootfs"]["diff_ids"]
    try:
        return ImageRecord(
            id=digests.sha256(blob),
            diff_ids=list(diff_ids),
            size=size,
            created=nanoseconds(config.get("created")),
            architecture=_text(config, "architecture"),
            os=_text(config, "os") or "linux",
            variant=_text(config, "variant"),
            author=_text(config, "author"),
            comment=_text(config, "comment") or _last_comment(config),
            docker_version=_text(config, "docker_version"),
            config=_container_config(config.get("config") or {}),
        )
    except (msgspec.ValidationError, TypeError, ValueError, AttributeError) as error:
        raise BoxshipError(f"invalid image config: {error}") from error


@dataclass(frozen=True, slots=True)
class Step:
    """How an image came one step further. created: nanoseconds since the epoch; empty_layer: it brought no layer."""

    created: int
    created_by: str
    comment: str
    empty_layer: bool


def history_of(blob: bytes) -> list[Step]:
    """The steps that a config blob tells of, the first one first."""
    return [
        Step(
            nanoseconds(item.get("created")),
            _text(item, "created_by"),
            _text(item, "comment"),
            bool(item.get("empty_layer")),
        )
        for item in decode(blob).get("history") or []
    ]


def decode(blob: bytes) -> dict[str, Any]:
    """The config as a dict whose rootfs.diff_ids are digests. BoxshipError when it is none."""
    try:
        config = msgspec.json.decode(blob)
        diff_ids = config["rootfs"]["diff_ids"] or []
        for diff_id in diff_ids:
            digests.validate(diff_id)
    except (msgspec.MsgspecError, TypeError, KeyError, BoxshipError) as error:
        raise BoxshipError(f"invalid image config: it has no list of layers (rootfs.diff_ids): {error}") from error
    config["rootfs"]["diff_ids"] = diff_ids
    result: dict[str, Any] = config
    return result


def _container_config(value: dict[str, Any]) -> ContainerConfig:
    value = {key: item for key, item in value.items() if item is not None}
    for key in _SETS:
        if key in value:
            value[key] = {name: {} for name in value[key]}  # the values say nothing; some writers give null
    config = msgspec.convert(value, ContainerConfig)
    return msgspec.structs.replace(config, cmd=_words(config.cmd), entrypoint=_words(config.entrypoint))


def _words(value: list[str] | str | None) -> list[str] | None:
    return [value] if isinstance(value, str) else value


def _last_comment(config: dict[str, Any]) -> str:
    # Builders comment on each step, and Docker shows the last one's.
    history = config.get("history") or []
    return _text(history[-1], "comment") if history else ""


def _text(config: dict[str, Any], key: str) -> str:
    value = config.get(key) or ""
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value


def nanoseconds(text: Any) -> int:
    """RFC 3339 as nanoseconds since the epoch; 0 for none and for Go's zero time."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[1].startswith("0001-"):
        return 0
    day, clock, fraction, sign, hours, minutes = match.groups()
    seconds = calendar.timegm(time.strptime(f"{day}T{clock}", "%Y-%m-%dT%H:%M:%S"))
    if sign:
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds * 1_000_000_000 + int(((fraction or "") + "000000000")[:9])
