"""Reading the files of the driver `local`, forwards and backwards. The format is in lib/logframe.py."""

from __future__ import annotations

from collections.abc import Iterator

from boxship.lib.logframe import (
    FRAME_OVERHEAD,
    HEADER_SIZE,
    MAGIC,
    MAX_FRAME,
    MAX_PAYLOAD,
    TAIL_MAGIC,
    TRAILER_SIZE,
    Frame,
    check_of,
    frame_at,
    next_frame,
    unpack_header,
    unpack_trailer,
    whole_frames,
)
from boxship.storage.logs.segment import Segment

BLOCK = 1 << 20

# A frame says itself whether it continues a line.
KNOWS_CONTINUATION = True


def forward(segment: Segment, at: int, *, final: bool) -> tuple[list[Frame], int, int]:
    """(frames, where to go on, bytes passed over as damaged) of up to 1 MiB from offset `at`.

    final: nothing will be added to the file, so what is cut short at its end is damage; otherwise it is a
    write under way, and the next call looks again.
    """
    data = segment.read(BLOCK, at)
    size = len(data)
    more = size == BLOCK
    frames: list[Frame] = []
    position = skipped = 0
    while position < size:
        cut = size - position < FRAME_OVERHEAD
        if not cut:
            magic, kind, flags, _, length, time_ns, check = unpack_header(data, position)
            sound = magic == MAGIC and length <= MAX_PAYLOAD and check == check_of(kind, flags, length, time_ns)
            body = position + HEADER_SIZE
            stop = body + length
            cut = sound and stop + TRAILER_SIZE > size
            if sound and not cut and unpack_trailer(data, stop) == (length, TAIL_MAGIC):
                begin = at + position
                position = stop + TRAILER_SIZE
                frames.append(Frame(kind, flags, time_ns, data[body:stop], begin, at + position))
                continue
        if cut and more and position:
            # The next block begins with this frame, and is longer than any frame.
            break
        resumed = next_frame(data, position + 1)
        if resumed >= 0:
            skipped += resumed - position
            position = resumed
        elif more:
            step = max(size - MAX_FRAME, position + 1)
            skipped += step - position
            position = step
            break
        elif final:
            skipped += size - position
            position = size
        else:
            break
    return frames, at + position, skipped


def backward(segment: Segment) -> Iterator[Frame]:
    """The frames from the last to the first, each found by the length at its end; damage is passed over."""
    end = segment.size()
    base = end
    data = b""
    while end > 0:
        if end - base < MAX_FRAME and base > 0:
            base = max(end - BLOCK, 0)
            data = segment.read(end - base, base)
        frame = _frame_before(data, end - base, base)
        if frame is not None:
            end = frame.start
            yield frame
            continue
        # Torn or damaged: take the whole frames of this block, found from its front.
        spans = list(whole_frames(data[: end - base]))
        if not spans:
            end = base + MAX_FRAME if base and end - base > 2 * MAX_FRAME else base
            continue
        for begin, _ in reversed(spans):
            found = frame_at(data, begin, base)
            if found is not None:
                yield found
        end = base + spans[0][0]


def _frame_before(data: bytes, end: int, base: int) -> Frame | None:
    if end < FRAME_OVERHEAD:
        return None
    length, magic = unpack_trailer(data, end - TRAILER_SIZE)
    begin = end - length - FRAME_OVERHEAD
    if magic != TAIL_MAGIC or begin < 0:
        return None
    frame = frame_at(data, begin, base)
    return frame if frame is not None and frame.end == base + end else None
