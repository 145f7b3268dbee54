"""What a tar archive holds: its entries as values, and how their names become paths."""

from __future__ import annotations

from boxship.lib.errors import BoxshipError

# The kinds, by the type flag of the header (POSIX pax, "ustar Interchange Format"). All that can be treated as a
# file (old '\0', contiguous '7', GNU sparse 'S') is FILE.
FILE = 0x30
HARDLINK = 0x31
SYMLINK = 0x32
CHARACTER = 0x33
BLOCK = 0x34
FOLDER = 0x35
FIFO = 0x36


class ArchiveError(BoxshipError):
    """An archive is broken, hostile, or of a kind that can't be read."""


class Entry:
    """One member of an archive.

    path, link: as they stand in the archive, bytes without an encoding. size: bytes of the file, holes
    included; stored: bytes of its data in the archive. mode: permission bits with setuid, setgid and sticky.
    mtime_ns: nanoseconds since the epoch, may be negative. sparse: the parts of a file with holes as
    (offset, length), or None.
    """

    __slots__ = (
        "gid",
        "kind",
        "link",
        "major",
        "minor",
        "mode",
        "mtime_ns",
        "path",
        "size",
        "sparse",
        "stored",
        "uid",
        "xattrs",
    )

    def __init__(self, path: bytes, kind: int) -> None:
        self.path = path
        self.kind = kind
        self.link = b""
        self.mode = 0
        self.uid = 0
        self.gid = 0
        self.size = 0
        self.stored = 0
        self.mtime_ns = 0
        self.major = 0
        self.minor = 0
        self.xattrs: dict[bytes, bytes] = {}
        self.sparse: list[tuple[int, int]] | None = None

    @property
    def shown(self) -> str:
        """The path, quoted for a message."""
        return quoted(self.path)


def quoted(path: bytes) -> str:
    """A path as text for a message, whatever its bytes are."""
    return '"' + path.decode("utf-8", "backslashreplace") + '"'


def components(path: bytes) -> tuple[bytes, ...]:
    """The components of a name in an archive, relative to the root that it is unpacked in.

    A leading slash and "." vanish, ".." takes back what stands before it. ValueError when it would leave the
    root or has a NUL byte.
    """
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not parts:
                raise ValueError("leads out of the root")
            parts.pop()
        else:
            parts.append(part)
    if b"\0" in path:
        raise ValueError("has a NUL byte")
    return tuple(parts)
