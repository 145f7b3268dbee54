"""The header blocks of a tar archive, as pax (POSIX.1-2017): what fits stands in the block, the rest before it."""

from __future__ import annotations

from boxship.archive.entry import Entry
from boxship.archive.header import BLOCK, PAX

END = bytes(2 * BLOCK)
"""What ends an archive."""

_LONGEST_NAME = 100
_MAGIC = b"ustar\00000"


def header(entry: Entry, *, exact: bool = False) -> bytes:
    """The blocks before an entry's data.

    Times are written in whole seconds, as Docker writes them; exact: with their nanoseconds.
    """
    records: list[tuple[bytes, bytes]] = []
    name = _text(records, b"path", entry.path)
    link = _text(records, b"linkpath", entry.link)
    uid = _octal(records, b"uid", entry.uid, 7)
    gid = _octal(records, b"gid", entry.gid, 7)
    size = _octal(records, b"size", entry.stored, 11)
    if exact and entry.mtime_ns % 1_000_000_000:
        records.append((b"mtime", _seconds(entry.mtime_ns)))
        mtime = b"%011o" % min(max(entry.mtime_ns // 1_000_000_000, 0), 8**11 - 1)
    else:
        mtime = _octal(records, b"mtime", entry.mtime_ns // 1_000_000_000, 11)
    records += [(b"SCHILY.xattr." + key, value) for key, value in sorted(entry.xattrs.items())]
    block = _block(entry.kind, name, entry.mode, uid, gid, size, mtime, link, entry.major, entry.minor)
    if not records:
        return block
    data = b"".join(_record(key, value) for key, value in records)
    before = _block(PAX, b"PaxHeaders.0/" + name[-80:], 0, b"0000000", b"0000000", b"%011o" % len(data), b"0" * 11, b"")
    return before + data + bytes(-len(data) % BLOCK) + block


def _block(
    kind: int,
    name: bytes,
    mode: int,
    uid: bytes,
    gid: bytes,
    size: bytes,
    mtime: bytes,
    link: bytes,
    major: int = 0,
    minor: int = 0,
) -> bytes:
    start = b"%b%07o\0%b\0%b\0%b\0%b\0" % (name.ljust(100, b"\0"), mode, uid, gid, size, mtime)
    rest = b"%c%b%b%b%07o\0%07o\0" % (kind, link.ljust(100, b"\0"), _MAGIC, bytes(64), major, minor)
    total = sum(start) + 8 * 0x20 + sum(rest)
    return b"%b%06o\0 %b%b" % (start, total, rest, bytes(BLOCK - 345))


def _text(records: list[tuple[bytes, bytes]], key: bytes, value: bytes) -> bytes:
    if len(value) <= _LONGEST_NAME and value.isascii():
        return value
    records.append((key, value))
    return value.decode("ascii", "replace").encode("ascii", "replace")[:_LONGEST_NAME]


def _octal(records: list[tuple[bytes, bytes]], key: bytes, value: int, digits: int) -> bytes:
    if 0 <= value < 8**digits:
        return b"%0*o" % (digits, value)
    records.append((key, b"%d" % value))
    return b"0" * digits


def _seconds(nanoseconds: int) -> bytes:
    """A time as pax has it; before 1970 the fraction counts away from zero, as the sign does (POSIX.1-2017, pax)."""
    whole, rest = divmod(abs(nanoseconds), 1_000_000_000)
    return b"%b%d.%b" % (b"-" if nanoseconds < 0 else b"", whole, b"%09d" % rest)


def _record(key: bytes, value: bytes) -> bytes:
    # The length counts its own digits.
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)
