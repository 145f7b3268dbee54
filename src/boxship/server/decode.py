"""Request bodies as values of the model, read as Go's encoding/json reads them.

That is: keys match in any case, unknown keys are ignored, `null` leaves a field as it is, and what does not fit is
told in Go's words. Clients depend on the first three (docker-py sends null for what it does not set), people know
the last. A generic decoder of ours does it; msgspec's own is stricter.
"""

import json
import types
from functools import cache
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.server.json_syntax import BadSyntax, value_end

T = TypeVar("T", bound=msgspec.Struct)


class Field(NamedTuple):
    """A field of a struct: its attribute, its name on the wire, its type without None."""

    attribute: str
    wire: str
    type: Any


# Where Go's types are not int64 and container.<Name>.
_GO_INTEGERS = {
    **dict.fromkeys(("StopTimeout", "OomScoreAdj", "MaximumRetryCount", "Retries"), "int"),
    **dict.fromkeys(("Interval", "Timeout", "StartPeriod", "StartInterval"), "time.Duration"),
    "BlkioWeight": "uint16",
    "ConsoleSize": "uint",
}
_GO_ARRAYS = {"ConsoleSize": 2}
# The values that such a type can hold: from, and below.
_RANGES = {"uint16": (0, 1 << 16), "uint": (0, 1 << 64)}
_GO_MAPS = {"ExposedPorts": "nat.PortSet", "PortBindings": "nat.PortMap", "Volumes": "map[string]struct {}"}
_GO_STRUCTS = {
    "Mount": "mount.Mount",
    "ExecConfig": "container.ExecOptions",
    "HealthConfig": "v1.HealthcheckConfig",
    "WeightDevice": "blkiodev.WeightDevice",
    "ThrottleDevice": "blkiodev.ThrottleDevice",
    "PortBinding": "nat.PortBinding",
    "Ulimit": "units.Ulimit",
    "ExecStart": "container.ExecStartOptions",
}


async def read_json(request: Request) -> Any:
    """The body as plain values. InvalidParameter for another content type, no JSON, or more behind it.

    None for no body at all.
    """
    check_content_type(request)
    return parse_json(await request.body())


def check_content_type(request: Request) -> None:
    """InvalidParameter unless the body is said to be JSON; without a body nothing need be said."""
    written = request.headers.get("content-type", "")
    if not written and request.content_length == 0:
        return
    kind = written.partition(";")[0].strip().lower()
    if not kind:
        raise InvalidParameter(f"malformed Content-Type header ({written}): mime: no media type")
    if kind != "application/json":
        raise InvalidParameter(f"unsupported Content-Type header ({written}): must be 'application/json'")


def parse_json(data: bytes) -> Any:
    """JSON as plain values, None for nothing. InvalidParameter in the words of Go, as near as they can be had."""
    if not data.strip():
        return None
    try:
        return msgspec.json.decode(data)
    except UnicodeDecodeError:
        return parse_json(data.decode("utf-8", "replace").encode())
    except RecursionError:
        raise InvalidParameter("invalid JSON: exceeded max depth") from None
    except msgspec.DecodeError:
        return _read_leniently(data)


def _read_leniently(data: bytes) -> Any:
    """What Go reads and msgspec refuses: brackets too many, half a surrogate pair, no UTF-8 (U+FFFD), huge numbers."""
    try:
        end = value_end(data)
    except BadSyntax as error:
        raise InvalidParameter(f"invalid JSON: {error}") from None
    if data[end:].lstrip(b" \t\r\n")[:1] not in (b"", b"}", b"]"):
        raise InvalidParameter("unexpected content after JSON")
    # Bytes that are no UTF-8, too: msgspec from 0.23 on tells them as it tells bad syntax.
    text = json.dumps(json.loads(data[:end].decode("utf-8", "replace")), ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def build(kind: type[T], value: Any, go_name: str = "", path: str = "") -> T:
    """A struct from plain values; errors name it by `go_name` and its fields below `path`. InvalidParameter."""
    if value is None:
        return kind()
    if not isinstance(value, dict):
        name = go_name or _go_struct(kind)
        raise InvalidParameter(f"invalid JSON: json: cannot unmarshal {_got(value)} into Go value of type {name}")
    return _struct(kind, value, path)


def member(value: dict[str, Any], name: str) -> Any:
    """A member of an object, its key in any case."""
    if name in value:
        return value[name]
    lowered = name.lower()
    return next((found for key, found in value.items() if key.lower() == lowered), None)


def has_field(kind: type[msgspec.Struct], value: dict[str, Any]) -> bool:
    """Whether an object has any of a struct's fields, be it null."""
    known = fields_of(kind)
    return any(key.lower() in known for key in value)


@cache
def fields_of(kind: type[msgspec.Struct]) -> dict[str, Field]:
    """The fields of a struct by their lower-case names on the wire."""
    found = msgspec.structs.fields(kind)
    return {f.encode_name.lower(): Field(f.name, f.encode_name, _bare(f.type)) for f in found}


def _bare(kind: Any) -> Any:
    """The type without `| None`."""
    if get_origin(kind) in (Union, types.UnionType):
        rest = [member for member in get_args(kind) if member is not type(None)]
        if len(rest) == 1:
            return rest[0]
        # list[str] | str: a command
        return Union[tuple(rest)]  # noqa: UP007
    return kind


class _Slot(NamedTuple):
    """A field as `_struct` takes it. plain: a value of exactly this type fits as it is; empty: so does an empty one of
    this type.
    """

    field: Field
    plain: type | None
    empty: type | None


@cache
def _slots(kind: type[msgspec.Struct]) -> dict[str, _Slot]:
    """By their names on the wire, as these are written and in lower case."""
    slots = {}
    for lowered, field in fields_of(kind).items():
        origin = get_origin(field.type)
        slot = _Slot(
            field,
            plain=field.type if field.type in (str, bool) else None,
            empty=origin if origin in (list, dict) and field.wire not in _GO_ARRAYS else None,
        )
        slots[lowered] = slots[field.wire] = slot
    return slots


def _struct(kind: type[T], value: dict[str, Any], path: str) -> T:
    known = _slots(kind)
    arguments: dict[str, Any] = {}
    # The docker CLI sends all of a config's seventy fields, most of them empty: those are taken without ado.
    for key, item in value.items():
        if item is None:
            continue
        slot = known.get(key) or known.get(key.lower())
        if slot is None:
            continue
        field, plain, empty = slot
        found = type(item)
        if found is plain or (found is empty and not item):
            arguments[field.attribute] = item
        else:
            arguments[field.attribute] = _value(field.type, item, f"{path}.{field.wire}", field.wire)
    return kind(**arguments)


def _value(kind: Any, value: Any, path: str, name: str) -> Any:
    if kind is Any:
        return value
    if kind is str or kind is bool:
        if type(value) is kind:
            return value
    elif kind is int:
        low, high = _RANGES.get(_GO_INTEGERS.get(name, ""), (-(1 << 63), 1 << 63))
        if type(value) is int and low <= value < high:
            return value
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if isinstance(value, dict):
            return _struct(kind, value, path)
    else:
        return _container(kind, value, path, name)
    raise _mismatch(value, path, _go_type(kind, name))


def _container(kind: Any, value: Any, path: str, name: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if isinstance(value, str):
            return value
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return value
        raise InvalidParameter(f"invalid JSON: json: cannot unmarshal {_got(value)} into Go value of type string")
    if origin is list:
        if isinstance(value, list):
            item_type = _bare(arguments[0])
            if name in _GO_ARRAYS:
                # Go fills a short one up, and drops what is too much.
                value = [*value, *[None] * _GO_ARRAYS[name]][: _GO_ARRAYS[name]]
            return [_zero(item_type) if item is None else _value(item_type, item, path, name) for item in value]
    elif origin is dict and isinstance(value, dict):
        item_type = _bare(arguments[1])
        return {
            key: (None if item_type is not arguments[1] else _zero(item_type))
            if item is None
            else _value(item_type, item, f"{path}.{key}", key)
            for key, item in value.items()
        }
    raise _mismatch(value, path, _go_type(kind, name))


def _zero(kind: Any) -> Any:
    """What Go makes of null inside a list or a map."""
    if kind is Any:
        return None
    origin = get_origin(kind)
    return (origin or kind)() if (origin or kind) in (str, int, bool, list, dict) else kind()


def _mismatch(value: Any, path: str, go_type: str) -> InvalidParameter:
    got = _got(value)
    if got == "number" and go_type.startswith(("int", "uint", "time")):
        got = f"number {msgspec.json.encode(value).decode()}"
    return InvalidParameter(f"invalid JSON: json: cannot unmarshal {got} into Go struct field {path} of type {go_type}")


def _got(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _go_struct(kind: type) -> str:
    return _GO_STRUCTS.get(kind.__name__, f"container.{kind.__name__}")


def _go_type(kind: Any, name: str) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if name in _GO_MAPS and origin is dict:
        return _GO_MAPS[name]
    if origin is list:
        return f"[]{_go_type(_bare(arguments[0]), name)}"
    if origin is dict:
        inner = _bare(arguments[1])
        return f"map[string]{'interface {}' if inner is Any else _go_type(inner, '')}"
    if kind is int:
        return _GO_INTEGERS.get(name, "int64")
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _go_struct(kind)
    if kind is str:
        return "string"
    return "bool" if kind is bool else "interface {}"
