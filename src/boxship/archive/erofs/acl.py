"""POSIX access control lists as extended attributes (linux/posix_acl_xattr.h): checked as setxattr(2) checks them."""

from __future__ import annotations

import struct

ACCESS = b"system.posix_acl_access"
DEFAULT = b"system.posix_acl_default"

_VERSION = 2
_ENTRY = struct.Struct("<HHI")
# e_tag; the order is also that in which entries stand
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_ORDER = (_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER)
_SINGLE = (_USER_OBJ, _GROUP_OBJ, _MASK, _OTHER)


def is_empty(value: bytes) -> bool:
    """Whether it is a list without entries, or nothing at all."""
    return not value or value == struct.pack("<I", _VERSION)


def read(value: bytes) -> list[tuple[int, int, int]]:
    """The entries of a list: tag, permissions, id. ValueError where the kernel says EINVAL."""
    if len(value) < 4 or struct.unpack_from("<I", value)[0] != _VERSION or (len(value) - 4) % _ENTRY.size:
        raise ValueError("no access control list")
    entries = list(_ENTRY.iter_unpack(value[4:]))
    tags = [tag for tag, _, _ in entries]
    named = _USER in tags or _GROUP in tags
    places = [_ORDER.index(tag) if tag in _ORDER else -1 for tag in tags]
    if (
        -1 in places
        or places != sorted(places)
        or any(permissions & ~7 for _, permissions, _ in entries)
        or any(tags.count(tag) > 1 for tag in _SINGLE)
        or not {_USER_OBJ, _GROUP_OBJ, _OTHER} <= set(tags)
        or (named and _MASK not in tags)
        or any(who == 0xFFFFFFFF for tag, _, who in entries if tag in (_USER, _GROUP))
    ):
        raise ValueError("no access control list")
    return entries


def apply(value: bytes, mode: int) -> tuple[int, bool]:
    """The mode of a file that is given this list, and whether the list says more than the mode does. ValueError."""
    permissions = {tag: bits for tag, bits, _ in read(value)}
    group = permissions.get(_MASK, permissions[_GROUP_OBJ])
    mode = (mode & ~0o777) | permissions[_USER_OBJ] << 6 | group << 3 | permissions[_OTHER]
    return mode, bool(permissions.keys() - {_USER_OBJ, _GROUP_OBJ, _OTHER})
