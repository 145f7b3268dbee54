"""The content of a file from an archive, holes kept."""

from __future__ import annotations

import os

from boxship.archive.entry import Entry
from boxship.archive.reader import TarReader

_CHUNK = 1 << 20


def write_content(reader: TarReader, entry: Entry, fd: int) -> None:
    """Write what the reader's present entry holds to a new, empty file. OSError; ArchiveError at a torn end."""
    for offset, length in entry.sparse if entry.sparse is not None else ((0, entry.size),):
        _copy(reader, fd, offset, length)
    if entry.sparse is not None:
        os.ftruncate(fd, entry.size)


def _copy(reader: TarReader, fd: int, offset: int, length: int) -> None:
    if offset:
        os.lseek(fd, offset, os.SEEK_SET)
    while length:
        data = reader.read(min(length, _CHUNK))
        length -= len(data)
        written = os.write(fd, data)
        while written < len(data):
            written += os.write(fd, data[written:])
