"""Tar archives for tests, made by Python's tarfile: an independent writer."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field

MTIME = 1_700_000_000.25


@dataclass(frozen=True)
class Member:
    """One entry. kind: a tarfile type; link: of links; xattrs: by full name."""

    path: str
    kind: bytes = tarfile.REGTYPE
    data: bytes = b""
    link: str = ""
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    mtime: float = MTIME
    device: tuple[int, int] = (0, 0)
    xattrs: dict[str, str] = field(default_factory=dict)
    pax: dict[str, str] = field(default_factory=dict)


def file(path: str, data: bytes = b"", **more: object) -> Member:
    """A regular file."""
    return Member(path, data=data, **more)  # type: ignore[arg-type]


def folder(path: str, mode: int = 0o755, **more: object) -> Member:
    """A folder."""
    return Member(path, tarfile.DIRTYPE, mode=mode, **more)  # type: ignore[arg-type]


def symlink(path: str, target: str, **more: object) -> Member:
    """A symbolic link."""
    return Member(path, tarfile.SYMTYPE, link=target, mode=0o777, **more)  # type: ignore[arg-type]


def hardlink(path: str, target: str) -> Member:
    """A hard link to an earlier entry."""
    return Member(path, tarfile.LNKTYPE, link=target)


def tar(*members: Member, format: int = tarfile.PAX_FORMAT) -> bytes:
    """The archive of the members, in their order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for member in members:
            info = tarfile.TarInfo(member.path)
            info.type, info.mode, info.mtime, info.linkname = member.kind, member.mode, member.mtime, member.link
            info.uid, info.gid = member.owner
            info.devmajor, info.devminor = member.device
            info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in member.xattrs.items()} | member.pax
            info.size = len(member.data)
            archive.addfile(info, io.BytesIO(member.data))
    return out.getvalue()
