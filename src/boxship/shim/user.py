"""Who a process runs as: user and groups by name or number, from the container's own passwd and group files.

Called after the root switch: the files are the image's, so they are read with a bound, parsed without the C library's
name services, and odd lines are passed over. Sources: passwd(5), group(5), Docker's USER[:GROUP] rules.
"""

from __future__ import annotations

import os
import stat

from boxship.kernel.inroot import open_in_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 8 << 20
_PIECE, _SMALLEST_PIECE = 1 << 18, 1 << 12
MAX_ID = (1 << 31) - 1


class Identity:
    """uid, gid, groups (supplementary, gid included), home ("" when the passwd file names none)."""

    __slots__ = ("gid", "groups", "home", "uid")

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def _lines(open_file: Callable[[str, int], int], path: str, fields: int) -> list[list[str]]:
    rows = []
    for line in _content(open_file, path).split(b"\n"):
        row = line.strip().decode("utf-8", "surrogateescape").split(":")
        if len(row) >= fields and not row[0].startswith("#"):
            rows.append(row)
    return rows


def _open_here(path: str, flags: int) -> int:
    """After the root switch. Nothing through a link of /proc."""
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_in_root(root, path, flags)
    finally:
        os.close(root)


def _content(open_file: Callable[[str, int], int], path: str) -> bytes:
    """The first megabytes of a regular file; nothing of anything else."""
    try:
        # A fifo must not block, a terminal not become the controlling one.
        fd = open_file(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return b""
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return b""
        # Hardly more than there is: a buffer is memory to get and to give back.
        size = max(_SMALLEST_PIECE, min(status.st_size + 1, _PIECE))
        data = b""
        while len(data) < _LIMIT:
            piece = os.read(fd, size)
            if not piece:
                break
            data += piece
        return data
    except OSError:
        return b""
    finally:
        os.close(fd)


def _number(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("-", "+") else text
    # More digits than that are no number of anybody, and int() has its own limit.
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None


def _checked(number: int) -> int:
    if not 0 <= number <= MAX_ID:
        raise ValueError("uids and gids must be in range 0-2147483647")
    return number


def resolve(user: str, extra: list[str], open_file: Callable[[str, int], int] = _open_here) -> Identity:
    """The identity for `user` ("", NAME, UID, either with :GROUP or :GID) and --group-add's `extra`.

    open_file: opens a path of the container's with open(2)'s flags, for a caller that is not inside it.
    ValueError with the wording that Docker's users know when a name is not in the files.
    """
    passwd = _lines(open_file, "/etc/passwd", 6)
    group = _lines(open_file, "/etc/group", 4)
    name, _, group_name = user.partition(":")
    uid, gid, home, login = _user(name, passwd)
    groups: list[int] = []
    if group_name:
        gid = _group(group_name, group)
    elif login:
        groups = [int(row[2]) for row in group if login in row[3].split(",") and _number(row[2]) is not None]
    groups += [_group(wanted, group) for wanted in extra]
    ordered = list(dict.fromkeys([gid, *groups]))
    return Identity(uid, gid, ordered, home)


def _user(name: str, passwd: list[list[str]]) -> tuple[int, int, str, str]:
    # A number is never a name: an image could call its root "1000" (CVE-2016-3697).
    number = _number(name) if name else 0
    wanted = (0, name) if number is None else (2, str(number))
    row = next((row for row in passwd if row[wanted[0]] == wanted[1]), None)
    if row is not None and _number(row[2]) is not None and _number(row[3]) is not None:
        return _checked(int(row[2])), _checked(int(row[3])), row[5], row[0]
    if number is None:
        raise ValueError(f"unable to find user {name}: no matching entries in passwd file")
    return _checked(number), 0, "", ""


def _group(name: str, group: list[list[str]]) -> int:
    number = _number(name)
    if number is not None:
        return _checked(number)
    row = next((row for row in group if row[0] == name), None)
    found = _number(row[2]) if row is not None else None
    if found is None:
        raise ValueError(f"unable to find group {name}: no matching entries in group file")
    return _checked(found)
