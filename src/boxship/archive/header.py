"""The fields of one tar header block and of pax extended headers.

Formats: POSIX.1-2017 pax ("ustar Interchange Format", "pax Extended Header"); GNU tar manual ("Basic Tar
Format").
"""

from __future__ import annotations

from boxship.archive import entry as kinds
from boxship.archive.entry import ArchiveError, Entry

BLOCK = 512
# type flags of the blocks that describe the next entry
PAX = 0x78
PAX_GLOBAL = 0x67
LONG_NAME = 0x4C
LONG_LINK = 0x4B
GNU_SPARSE = 0x53

_FILE_FLAGS = {0x00, 0x30, 0x37, GNU_SPARSE}
_LINKS_AND_NODES = {
    kinds.HARDLINK,
    kinds.SYMLINK,
    kinds.CHARACTER,
    kinds.BLOCK,
    kinds.FOLDER,
    kinds.FIFO,
}
# fchown(2) takes 32 bits and reads the highest value as "leave it"
_HIGHEST_ID = 2**32 - 2
# linux/kdev_t.h: 12 and 20 bits
_HIGHEST_MAJOR = 2**12 - 1
_HIGHEST_MINOR = 2**20 - 1
HIGHEST_SIZE = 2**63 - 1
_XATTR = b"SCHILY.xattr."


def number(field: bytes) -> int:
    """A numeric field: octal digits, or base 256 when the first bit is set (GNU). ValueError otherwise."""
    digits = field[:-1]
    if digits.isdigit() and field[-1] in b"\0 ":
        return int(digits, 8)  # nearly all of them
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit():
        raise ValueError("no octal number")
    return int(digits, 8)


def text(field: bytes) -> bytes:
    """A text field up to its first NUL."""
    return field.partition(b"\0")[0]


def parse(block: bytes) -> tuple[int, Entry]:
    """The type flag of a header block and the entry it gives. ArchiveError when it is no header."""
    try:
        _check(block)
        flag = block[156]
        entry = Entry(text(block[0:100]), kinds.FILE if flag in _FILE_FLAGS else flag)
        entry.mode = number(block[100:108]) & 0o7777
        entry.uid = number(block[108:116])
        entry.gid = number(block[116:124])
        entry.size = number(block[124:136])
        entry.mtime_ns = number(block[136:148]) * 1_000_000_000
        entry.link = text(block[157:257])
        magic = block[257:263]
        if flag in (kinds.CHARACTER, kinds.BLOCK) and magic in (b"ustar\0", b"ustar "):
            entry.major = number(block[329:337])
            entry.minor = number(block[337:345])
        if magic == b"ustar\0" and block[345]:
            # "tar\0" at the end marks star's variant: its prefix is shorter, times follow it.
            prefix = text(block[345:476] if block[508:512] == b"tar\0" else block[345:500])
            entry.path = prefix + b"/" + entry.path
        if flag == 0 and entry.path.endswith(b"/"):
            entry.kind = kinds.FOLDER  # before POSIX, folders were files whose name ends in a slash
    except ValueError as error:
        raise _damaged() from error
    return flag, entry


def size_of(block: bytes) -> int:
    """The size that a header block states, for a block that describes the next entry. ArchiveError as `parse`."""
    try:
        _check(block)
        return number(block[124:136])
    except ValueError as error:
        raise _damaged() from error


def _check(block: bytes) -> None:
    # The checksum counts its own field as blanks; some old archives summed signed bytes.
    field = block[148:156]
    stated = number(field)
    # Most of a header is zeros: leaving them out first halves the time.
    unsigned = sum(block.translate(None, b"\0")) - sum(field) + 8 * 0x20
    if stated != unsigned and stated != unsigned - 256 * sum(byte > 127 for byte in block[:148] + block[156:]):
        raise ValueError("checksum")


def _damaged() -> ArchiveError:
    return ArchiveError("invalid tar header: this is no tar archive, or it is damaged")


def settle(entry: Entry) -> None:
    """Bring an entry's numbers in order once its headers are applied. ArchiveError for impossible ones."""
    if entry.kind in _LINKS_AND_NODES:
        entry.size = 0  # some writers give links the size of their target; there is no data
    entry.stored = entry.size
    if not 0 <= entry.size <= HIGHEST_SIZE:
        raise ArchiveError(f"invalid tar header: {entry.shown} has the size {entry.size}")
    if not (0 <= entry.major <= _HIGHEST_MAJOR and 0 <= entry.minor <= _HIGHEST_MINOR):
        raise ArchiveError(f"invalid tar header: {entry.shown} is the device {entry.major}:{entry.minor}")
    if not (0 <= entry.uid <= _HIGHEST_ID and 0 <= entry.gid <= _HIGHEST_ID):
        raise ArchiveError(f"invalid tar header: {entry.shown} has the owner {entry.uid}:{entry.gid}")


def pax_records(data: bytes) -> list[tuple[bytes, bytes]]:
    """The `length key=value` records of a pax header, in order. ArchiveError when they are malformed."""
    records: list[tuple[bytes, bytes]] = []
    position = 0
    while position < len(data):
        blank = data.find(b" ", position, position + 21)
        length = data[position:blank]
        end = position + int(length) if blank > position and length.isdigit() else 0
        if end <= max(blank, position) or end > len(data) or data[end - 1] != 0x0A:
            raise ArchiveError("invalid tar header: a pax record is malformed")
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if not equals or not key:
            raise ArchiveError("invalid tar header: a pax record is malformed")
        records.append((key, value))
        position = end
    return records


def apply_pax(entry: Entry, records: list[tuple[bytes, bytes]]) -> None:
    """Put a pax header's values over those of the block. ArchiveError for values that are none."""
    for key, value in records:
        if key.startswith(_XATTR):
            entry.xattrs[key[len(_XATTR) :]] = value
            continue
        if not value:
            continue  # an empty value takes the record back
        try:
            if key == b"path":
                entry.path = value
            elif key == b"linkpath":
                entry.link = value
            elif key == b"size":
                entry.size = _decimal(value)
            elif key == b"uid":
                entry.uid = _decimal(value)
            elif key == b"gid":
                entry.gid = _decimal(value)
            elif key == b"mtime":
                entry.mtime_ns = _nanoseconds(value)
        except ValueError as error:
            raise ArchiveError(f"invalid tar header: {entry.shown} has the {key.decode()} {value!r}") from error


def _decimal(value: bytes) -> int:
    if not value.isdigit() or len(value) > 20:
        raise ValueError("no number")
    return int(value)


def _nanoseconds(value: bytes) -> int:
    negative = value.startswith(b"-")
    seconds, _, fraction = value.lstrip(b"-").partition(b".")
    result = _decimal(seconds) * 1_000_000_000
    if fraction:
        if not fraction.isdigit():
            raise ValueError("no fraction")
        result += int((fraction + b"000000000")[:9])
    return -result if negative else result
