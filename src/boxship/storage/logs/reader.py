"""Reading a log: once, or along with its writer across rotations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from types import TracebackType

from boxship.lib.errors import Unsupported
from boxship.lib.logframe import LogTarget
from boxship.storage.logs import framed, json_lines
from boxship.storage.logs.assemble import Assembler
from boxship.storage.logs.query import LogChunk, LogQuery
from boxship.storage.logs.segment import Segment, close_all, open_segments
from boxship.storage.logs.tail import find_tail

_FORMATS = {"local": framed, "json-file": json_lines}


class LogFollower:
    """Gives the lines of a log as they come. Synchronous; belongs to one thread at a time.

    `next_batch` never waits: an empty list means that there is nothing more now. Who wants to know when to
    ask again watches the log's folder (storage/logs/watch.py). When the container has ended, call
    `next_batch` until it gives nothing, then `finish`.

    done: the query's end is passed, there will be nothing more. damaged: bytes of broken frames that were
    passed over. lost: bytes that the writer could not write.
    """

    def __init__(self, target: LogTarget, query: LogQuery) -> None:
        """Unsupported when the driver's logs can't be read. OSError when a file can't be opened."""
        if target.driver not in _FORMATS:
            raise Unsupported("configured logging driver does not support reading")
        self._format = _FORMATS[target.driver]
        self._target = target
        self._query = query
        self._at = 0
        self.damaged = 0
        skip = 0
        self._segments: deque[Segment]
        self._segments = open_segments(target)
        if not query.follow and self._segments:
            # What is written while we read is not asked for.
            self._segments[-1].freeze()
        try:
            if query.tail is not None:
                skip = self._seek_tail()
            elif query.since_ns:
                self._seek_time(query.since_ns)
        except BaseException:
            self.close()
            raise
        self._assembler = Assembler(query, skip)

    @property
    def done(self) -> bool:
        """Nothing more will be given."""
        return self._assembler.until_passed

    @property
    def lost(self) -> int:
        """Bytes that the writer reported as not written, in what was read."""
        return self._assembler.lost

    def next_batch(self) -> list[LogChunk]:
        """The chunks of about 1 MiB of the log; [] when there is nothing more for now."""
        while not self.done:
            if not self._segments and not self._find_newer():
                return []
            segment = self._segments[0]
            frames, at, skipped = self._format.forward(segment, self._at, final=len(self._segments) > 1)
            self.damaged += skipped
            if at > self._at:
                self._at = at
                if chunks := self._assembler.feed(frames):
                    return chunks
            elif len(self._segments) > 1:
                self._segments.popleft().close()
                self._at = 0
            elif segment.size() < self._at:
                # Emptied in place by somebody (copytruncate).
                self._at = 0
            elif not self._find_newer():
                return []
        return []

    def finish(self) -> list[LogChunk]:
        """The log has ended: lines without a line feed that were held back."""
        return self._assembler.finish()

    def close(self) -> None:
        """Give the files up."""
        close_all(self._segments)
        self._segments.clear()

    def __enter__(self) -> LogFollower:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find_newer(self) -> bool:
        """Open the files that rotation has begun since."""
        if not self._query.follow:
            return False
        newer = open_segments(self._target, self._segments[-1] if self._segments else None)
        self._segments.extend(newer)
        return bool(newer)

    def _seek_tail(self) -> int:
        if self._query.tail == 0 and not self._query.follow:
            self.close()
            return 0
        start = find_tail(self._segments, self._format.backward, self._query, certain=self._format.KNOWS_CONTINUATION)
        for _ in range(start.segment):
            self._segments.popleft().close()
        self._at = start.at
        return start.skip

    def _seek_time(self, since_ns: int) -> None:
        """Leave out files that end before `since_ns`, but one: it may hold the begin of a line."""
        while len(self._segments) > 2:
            frames, _, _ = self._format.forward(self._segments[2], 0, final=True)
            if not frames or frames[0].time_ns >= since_ns:
                return
            self._segments.popleft().close()


def read_log(target: LogTarget, query: LogQuery) -> Iterator[list[LogChunk]]:
    """What the log holds now, in batches of about 1 MiB. The files are closed with the iterator.

    Unsupported and OSError as LogFollower.
    """
    with LogFollower(target, query) as follower:
        while batch := follower.next_batch():
            yield batch
        if last := follower.finish():
            yield last
