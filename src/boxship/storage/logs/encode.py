"""From chunks to the bytes that `GET /containers/{id}/logs` sends."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable
from urllib.parse import quote_plus

from boxship.storage.logs.query import LogChunk

_HEADER = struct.Struct(">BxxxL")
# Headers of all usual lengths: a lookup costs a third of a pack.
_USUAL = 512
_HEADERS = {stream: [_HEADER.pack(stream, length) for length in range(_USUAL)] for stream in (1, 2)}


def encode_batch(
    chunks: Iterable[LogChunk],
    *,
    multiplexed: bool,
    timestamps: bool = False,
    attributes: dict[str, str] | None = None,
) -> bytes:
    """The chunks as Docker sends them: a line per stdcopy frame when multiplexed, the lines alone for a tty.

    timestamps: each line begins with its time. attributes: those of the log's target, when details are asked
    for (an empty dict still gives Docker's blank); None when they are not.
    """
    details = b"" if attributes is None else format_attributes(attributes)
    if not multiplexed and not timestamps and not details:
        return b"".join([chunk.data for chunk in chunks])
    parts: list[bytes] = []
    for chunk in chunks:
        prefix = timestamp(chunk.time_ns) + details if timestamps else details
        lines = chunk.data.splitlines(keepends=True) if _plain(chunk.data) else _lines(chunk.data)
        if chunk.continued and prefix:
            _add(parts, chunk.stream, lines[:1], b"", multiplexed)
            lines = lines[1:]
        _add(parts, chunk.stream, lines, prefix, multiplexed)
    return b"".join(parts)


def timestamp(time_ns: int) -> bytes:
    """The time and a blank, as `docker logs -t` shows it: nine digits always, UTC."""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:09d}Z ".encode()


def format_attributes(attributes: dict[str, str]) -> bytes:
    """`key=value,…` and a blank, sorted, each part escaped as in a URL's query."""
    pairs = sorted(f"{quote_plus(key)}={quote_plus(value)}" for key, value in attributes.items())
    return f"{','.join(pairs)} ".encode()


def _plain(data: bytes) -> bool:
    # splitlines cuts at a carriage return too.
    return b"\r" not in data


def _lines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    if last:
        lines.append(last)
    return lines


def _add(parts: list[bytes], stream: int, lines: list[bytes], prefix: bytes, multiplexed: bool) -> None:
    if not multiplexed:
        for line in lines:
            parts += (prefix, line)
        return
    headers = _HEADERS[stream]
    extra = len(prefix)
    for line in lines:
        length = len(line) + extra
        head = headers[length] if length < _USUAL else _HEADER.pack(stream, length)
        if prefix:
            parts += (head, prefix, line)
        else:
            parts += (head, line)
