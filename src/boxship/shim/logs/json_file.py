"""The driver `json-file`: Docker's JSON lines, one write(2) for all the lines of a read.

A record is {"log":"…\\n","stream":"stdout","attrs":{…},"time":"…"} and holds at most 16 KiB of a line; a
record whose log does not end in a line feed is followed by the rest of its line.
"""

from __future__ import annotations

import os
import time

from boxship.lib.clock import rfc3339nano
from boxship.lib.logframe import STDERR, STDOUT, LogTarget
from boxship.shim.logs.rotating import RotatingFile
from boxship.shim.logs.writer import LogWriter, Losses, lost_text

PIECE = 16 * 1024
_NAMES = {STDOUT: "stdout", STDERR: "stderr"}

# Docker's escapes, the backslash first. A line feed stands for the end of a record until the last moment.
_ESCAPES = (
    ("\\", "\\\\"),
    ('"', '\\"'),
    *((chr(code), f"\\u{code:04x}") for code in range(32) if chr(code) not in "\n\r"),
    ("\r", "\\r"),
    ("<", "\\u003c"),
    (">", "\\u003e"),
    ("&", "\\u0026"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)


def escape(data: bytes) -> str:
    """`data` as the inside of a JSON string, line feeds left as they are; each byte that is no UTF-8 is
    \\ufffd.
    """
    try:
        text = data.decode()
        valid = True
    except UnicodeDecodeError:
        text = data.decode(errors="surrogateescape")
        valid = False
    # A whole chunk at once: a search for a character that is not there runs at memory speed.
    for character, escaped in _ESCAPES:
        if character in text:
            text = text.replace(character, escaped)
    if not valid:
        text = "".join(["\\ufffd" if "\udc80" <= character <= "\udcff" else character for character in text])
    return text


def split_pieces(data: bytes) -> tuple[list[tuple[bytes, bool]], bytes]:
    """Cut `data`, which starts at a record's begin, into runs: (bytes, whole lines?) and an unfinished rest.

    A run of whole lines ends in a line feed; the others are 16 KiB out of the middle of a longer line.
    """
    runs: list[tuple[bytes, bool]] = []
    begin = at = 0
    while len(data) - at >= PIECE:
        end = data.rfind(b"\n", at, at + PIECE) + 1
        if end:
            at = end
            continue
        if at > begin:
            runs.append((data[begin:at], True))
        runs.append((data[at : at + PIECE], False))
        at += PIECE
        begin = at
    end = data.rfind(b"\n", at) + 1
    if end:
        at = end
    if at > begin:
        runs.append((data[begin:at], True))
    return runs, data[at:]


class JsonFileLog(LogWriter):
    """Writes Docker's JSON lines at the target's path (the container's LogPath)."""

    def __init__(self, target: LogTarget) -> None:
        """OSError when the file can't be opened."""
        self._losses = Losses()
        self._rest = {STDOUT: b"", STDERR: b""}
        attributes = ",".join(
            f'"{escape(key.encode())}":"{escape(value.encode())}"'.replace("\n", "\\n")
            for key, value in sorted(target.attributes.items())
        )
        self._attributes = f'"attrs":{{{attributes}}},' if attributes else ""
        self._file = RotatingFile(target.path, target.max_size, target.max_file)
        if self._file.size:
            self._resume(target.path)

    def write(self, stream: int, data: bytes) -> None:
        """Append the lines that `data` ends; the begin of an unfinished one is held back, up to 16 KiB."""
        runs, self._rest[stream] = split_pieces(self._rest[stream] + data)
        if runs:
            self._append_runs(stream, runs)

    def _append_runs(self, stream: int, runs: list[tuple[bytes, bool]]) -> None:
        now = time.time_ns()
        close = f'","stream":"{_NAMES[stream]}",{self._attributes}"time":"{rfc3339nano(now)}"}}\n'
        between = f'\\n{close}{{"log":"'
        for run, whole in runs:
            text = escape(run)
            if whole:
                text = f"{text[:-1].replace(chr(10), between)}\\n"
            self._append(stream, f'{{"log":"{text}{close}'.encode(), len(run))

    def _append(self, stream: int, records: bytes, said: int) -> None:
        """Append whole records, a new file begun where one is full. said: the bytes of output in them."""
        file = self._file
        total = len(records)
        while records:
            part = records
            if file.max_size:
                if file.size >= file.max_size:
                    file.rotate()
                room = file.max_size - file.size
                if 0 < room < len(records):
                    part = records[: records.index(b"\n", room - 1) + 1]
            # Together with what comes after them: a disk with a little room left is not filled with reports.
            reports = self._loss_records() if self._losses else b""
            error = file.append((reports, part), len(reports) + len(part))
            if error:
                # How much of the output the records hold that did not fit is known only by proportion.
                count = max(said * len(records) // total, 1)
                self.lost += count
                self._losses.add(stream, count, error)
                return
            if reports:
                self._losses.clear()
            records = records[len(part) :]

    def _loss_records(self) -> bytes:
        rest = f'","stream":"stderr",{self._attributes}"time":"{rfc3339nano(self._losses.since_ns)}"}}\n'
        texts = [escape(lost_text(count, error).encode()) for _, error, count in self._losses.pending()]
        return "".join(['{"log":"' + text.replace("\n", "\\n") + rest for text in texts]).encode()

    def _resume(self, path: str) -> None:
        """Cut off a record that a crash left unfinished."""
        size = self._file.size
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            end = size
            while end:
                begin = max(end - PIECE, 0)
                found = os.pread(fd, end - begin, begin).rfind(b"\n") + 1
                end = begin + found
                if found:
                    break
        finally:
            os.close(fd)
        if end < size:
            self._file.truncate(end)
            self._losses.add(STDOUT, size - end, 0)

    def close(self) -> None:
        """Write the unfinished lines, and what was lost."""
        for stream, rest in self._rest.items():
            if rest:
                self._append_runs(stream, [(rest, False)])
        if self._losses:
            reports = self._loss_records()
            self._file.append((reports,), len(reports))
        self._rest = {STDOUT: b"", STDERR: b""}
        self._file.close()
