"""Where to begin to read for the last lines of a log, found from its end without reading the rest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from boxship.lib.logframe import CONTINUES, HEAD, LOST, STDERR, UNFINISHED, Frame, parse_lost
from boxship.storage.logs.query import LogQuery
from boxship.storage.logs.segment import Segment

# How far to look for the begin of a line that may have none.
_DOUBTFUL_REACH = 1 << 20


class TailStart(NamedTuple):
    """segment: index of the file; at: offset in it; skip: line ends to leave out from there."""

    segment: int
    at: int
    skip: int


class _Counter:
    """Counts where lines end, frame by frame from the log's end."""

    def __init__(self, query: LogQuery) -> None:
        self._query = query
        self._streams = query.streams()
        self._past_until = False
        # Of each stream: does the earliest frame seen so far continue a line?
        self.continues: dict[int, bool] = {}

    def ends_in(self, frame: Frame) -> int:
        """How many lines that will be given end in this frame."""
        query = self._query
        if frame.kind == HEAD:
            return 0
        if query.until_ns and frame.time_ns > query.until_ns:
            self._past_until = True
            return 0
        stream = frame.kind
        early = frame.time_ns < query.since_ns
        if frame.kind == LOST:
            try:
                stream, _, _ = parse_lost(frame.payload)
            except ValueError:
                return 0
            self.continues[stream] = False
            return 1 if STDERR in self._streams and not early else 0
        if stream not in self._streams:
            return 0
        ends = frame.payload.count(b"\n")
        if frame.flags & UNFINISHED:
            if stream in self.continues:
                ends += not self.continues[stream]
            elif not query.follow and not self._past_until:
                # Nothing comes after it: it is given as it is.
                ends += 1
        self.continues[stream] = bool(frame.flags & CONTINUES)
        return 0 if early else ends

    def wanted(self, frame: Frame) -> bool:
        """Is this frame output that the query may give?"""
        until = self._query.until_ns
        return frame.kind in self._streams and not (until and frame.time_ns > until)


def find_tail(
    segments: Sequence[Segment], backward: Callable[[Segment], Iterator[Frame]], query: LogQuery, *, certain: bool
) -> TailStart:
    """The place from which the last `query.tail` lines can be read, whole.

    certain: the frames' CONTINUES flags are true; else the search for the begin of a line is bounded.
    """
    tail = query.tail or 0
    counter = _Counter(query)
    frames: Iterator[tuple[int, Frame]] = (
        (index, frame) for index in range(len(segments) - 1, -1, -1) for frame in backward(segments[index])
    )
    start = TailStart(0, 0, 0)
    ends = 0
    needs: set[int] = set()
    if not tail:
        # Only what comes from now on, and the begin of a line that is not finished yet.
        last = next(frames, None)
        if last is None:
            return start
        start = TailStart(last[0], last[1].end, 0)
        frames = itertools.chain((last,), frames)
        needs = set(query.streams())
    for index, frame in frames if tail else ():
        found = counter.ends_in(frame)
        ends += found
        if not counter.wanted(frame) and not found:
            continue
        start = TailStart(index, frame.start, 0)
        if ends < tail and frame.time_ns >= query.since_ns:
            continue
        needs = {stream for stream, continues in counter.continues.items() if continues}
        if ends > tail:
            # The first line that is wanted begins within this frame.
            needs.discard(frame.kind)
        break
    # Go on until the first line of each stream is whole.
    passed = 0
    doubtful = not tail or not certain
    reach = _DOUBTFUL_REACH
    while needs:
        place = next(frames, None)
        if place is None:
            break
        index, frame = place
        reach -= len(frame.payload)
        if doubtful and reach < 0:
            break
        passed += counter.ends_in(frame)
        if frame.kind == LOST:
            needs = {stream for stream in needs if counter.continues.get(stream, True)}
        if frame.kind not in needs or not counter.wanted(frame):
            continue
        if not frame.flags & UNFINISHED:
            needs.discard(frame.kind)
            continue
        ends += passed
        passed = 0
        start = TailStart(index, frame.start, 0)
        reach = _DOUBTFUL_REACH
        if b"\n" in frame.payload or not frame.flags & CONTINUES:
            needs.discard(frame.kind)
    return start._replace(skip=max(ends - tail, 0))
