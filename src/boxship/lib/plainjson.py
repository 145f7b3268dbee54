"""JSON by the interpreter's own C code, without the `json` package, which imports re and enum.

For processes in which every module counts: a monitor's memory, a hot command's start. What `decode` gives is what
`json.loads` gives.
"""

from __future__ import annotations

from _json import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLANK = " \t\r\n"


class _Context:
    """What the C scanner asks of its JSONDecoder."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012  (the pure scanner's, unused by the C one)

    @staticmethod
    def parse_constant(name: str) -> float:
        return float(name)


def _refuse(value: Any) -> Any:
    raise TypeError(f"no JSON form of {type(value).__name__}")


_scan: Any = make_scanner(_Context)  # type: ignore[arg-type]
# markers, default, string encoder, indent, key separator, item separator, sort_keys, skipkeys, allow_nan
_pieces = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)


def encode(value: Any) -> bytes:
    """One line, no blanks, ASCII only. TypeError for what JSON has no form of."""
    return "".join(_pieces(value, 0)).encode("ascii")


def decode(data: bytes | str) -> Any:
    """The value of one JSON text. ValueError when it is not one."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    text = text.strip(BLANK)
    value, end = decode_first(text)
    if end != len(text):
        raise ValueError(f"extra characters after JSON at character {end}")
    return value


def decode_first(text: str) -> tuple[Any, int]:
    """The value at the text's beginning and where it ends. ValueError."""
    try:
        value, end = _scan(text, 0)
    except StopIteration as stop:
        raise ValueError(f"not JSON at character {stop.value}") from None
    except SystemError:
        # The scanner takes its exception's class from the json package, which is not imported (CPython, _json.c).
        raise ValueError("not JSON") from None
    return value, end
