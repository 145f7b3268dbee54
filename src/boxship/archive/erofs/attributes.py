"""Which extended attributes of an archive a file is given: those that setxattr(2) as root would set.

Unknown ones are left out as Docker leaves them out, those of overlayfs never come from an archive (they could hide or
redirect folders), impossible ones are errors (xattr(7), capabilities(7)).
"""

from __future__ import annotations

import errno
import os
import stat
import struct

from boxship.archive.erofs import acl

_PRIVATE = (b"trusted.overlay.", b"user.overlay.")
# Of the `system.` ones only access control lists can be set; all other name spaces are EOPNOTSUPP.
_SPACES = (b"user.", b"trusted.", b"security.")
_CAPABILITY = b"security.capability"
# xattr(7): a name has 255 bytes; an index holds what is left of it without its space, and two bytes of length
_LONGEST_NAME = 255
_LONGEST_VALUE = 65535
# of one inode together: its header counts them in four bytes, with 16 bits (i_xattr_icount)
MOST_BYTES = 64 * 1024


def accept(mode: int, given: dict[bytes, bytes]) -> tuple[int, dict[bytes, bytes]]:
    """The mode and the attributes of a file whose entry has the mode `mode` (with its type) and `given`.

    OSError with the errno that setxattr(2) gives, E2BIG when they are more than an index holds.
    """
    taken: dict[bytes, bytes] = {}
    total = 0
    for name, value in given.items():
        if name.startswith(_PRIVATE):
            continue
        if len(name) > _LONGEST_NAME:
            raise _error(errno.ERANGE)
        if name in (acl.ACCESS, acl.DEFAULT):
            mode, kept = _access_list(mode, name, value)
            if not kept:
                continue
        elif not name.startswith(_SPACES) or b"\0" in name:
            continue
        elif name.startswith(b"user.") and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _error(errno.EPERM)
        elif name in _SPACES or (name == _CAPABILITY and not _is_capability(value)):
            raise _error(errno.EINVAL)
        total += len(name) + len(value) + 8
        if len(value) > _LONGEST_VALUE or total > MOST_BYTES:
            raise OSError(errno.E2BIG, f"its extended attributes take more than {MOST_BYTES >> 10} KiB")
        taken[name] = value
    return mode, taken


def _access_list(mode: int, name: bytes, value: bytes) -> tuple[int, bool]:
    if stat.S_ISLNK(mode):
        return mode, False  # EOPNOTSUPP
    if acl.is_empty(value):
        return mode, False  # it takes a list away, and there is none
    if name == acl.DEFAULT and not stat.S_ISDIR(mode):
        raise _error(errno.EACCES)
    try:
        if name == acl.DEFAULT:
            acl.read(value)
            return mode, True
        return acl.apply(value, mode)
    except ValueError:
        raise _error(errno.EINVAL) from None


def _is_capability(value: bytes) -> bool:
    # struct vfs_cap_data of revision 2 has 20 bytes, of revision 3 with the owner of its name space 24.
    if len(value) not in (20, 24):
        return False
    revision: int = struct.unpack_from("<I", value)[0] >> 24
    return revision == (2 if len(value) == 20 else 3)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
