"""Who a process runs as: user and groups by name or number, from the container's own passwd and group files.

Called after the root switch: the files are the image's, so they are read with a bound, parsed without the C library's
name services, and odd lines are passed over. Sources: passwd(5), group(5), Docker's USER[:GROUP] rules.
"""

from __future__ import annotations

import os

_LIMIT = 8 << 20
MAX_ID = (1 << 31) - 1


class Identity:
    """uid, gid, groups (supplementary, gid included), home ("" when the passwd file names none)."""

    __slots__ = ("gid", "groups", "home", "uid")

    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def _lines(path: str, fields: int) -> list[list[str]]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        data = b""
        while len(data) < _LIMIT:
            piece = os.read(fd, 65536)
            if not piece:
                break
            data += piece
    except OSError:
        return []
    finally:
        os.close(fd)
    rows = []
    for line in data.split(b"\n"):
        row = line.strip().decode("utf-8", "surrogateescape").split(":")
        if len(row) >= fields and not row[0].startswith("#"):
            rows.append(row)
    return rows


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _checked(number: int) -> int:
    if number > MAX_ID:
        raise ValueError("uids and gids must be in range 0-2147483647")
    return number


def resolve(user: str, extra: list[str]) -> Identity:
    """The identity for `user` ("", NAME, UID, either with :GROUP or :GID) and --group-add's `extra`.

    ValueError with the wording that Docker's users know when a name is not in the files.
    """
    passwd = _lines("/etc/passwd", 6)
    group = _lines("/etc/group", 4)
    name, _, group_name = user.partition(":")
    uid, gid, home, login = _user(name, passwd)
    groups: list[int] = []
    if group_name:
        gid = _group(group_name, group)
    elif login:
        groups = [int(row[2]) for row in group if login in row[3].split(",") and row[2].isdigit()]
    for wanted in extra:
        number = _number(wanted)
        found = next((row for row in group if row[0] == wanted), None)
        if found is not None and found[2].isdigit():
            groups.append(int(found[2]))
        elif number is not None:
            groups.append(_checked(number))
        else:
            raise ValueError(f"unable to find group {wanted}: no matching entries in group file")
    ordered = list(dict.fromkeys([gid, *groups]))
    return Identity(uid, gid, ordered, home)


def _user(name: str, passwd: list[list[str]]) -> tuple[int, int, str, str]:
    number = _number(name) if name else 0
    row = next((row for row in passwd if name and row[0] == name), None)
    if row is None and number is not None:
        row = next((row for row in passwd if row[2] == str(number)), None)
    if row is not None and row[2].isdigit() and row[3].isdigit():
        return _checked(int(row[2])), _checked(int(row[3])), row[5], row[0]
    if number is None:
        raise ValueError(f"unable to find user {name}: no matching entries in passwd file")
    return _checked(number), 0, "", ""


def _group(name: str, group: list[list[str]]) -> int:
    row = next((row for row in group if row[0] == name), None)
    if row is not None and row[2].isdigit():
        return _checked(int(row[2]))
    number = _number(name)
    if number is None:
        raise ValueError(f"unable to find group {name}: no matching entries in group file")
    return _checked(number)
