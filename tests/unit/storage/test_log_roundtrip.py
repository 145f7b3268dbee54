"""What a container said is what its log gives, however reads cut it and whichever driver kept it."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.lib.logframe import MAX_PAYLOAD, LogTarget
from boxship.shim.logs import open_log
from boxship.storage.logs import LogChunk, LogFollower, LogQuery, read_log
from boxship.storage.logs.assemble import LONGEST_HELD

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

pieces = st.lists(
    st.tuples(
        st.sampled_from((1, 2)),
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from((b"\n", b"a\n", b"\r\n", b"no end", b"x\ny\nz", b"\n\n", b"BoxL", b"\0" * 40)),
        ),
    ),
    max_size=30,
)
# A small limit, so that lines cross files, but never so many that one is dropped.
limits = st.sampled_from((0, 200, 500))


def target_in(folder: Path, driver: str = "local", **options: int) -> LogTarget:
    for old in folder.iterdir():
        old.unlink()
    return LogTarget(driver, str(folder / "log"), **options)


def chunks_of(target: LogTarget, query: LogQuery | None = None) -> list[LogChunk]:
    return [chunk for batch in read_log(target, query or LogQuery()) for chunk in batch]


def said(chunks: list[LogChunk], stream: int) -> bytes:
    return b"".join(chunk.data for chunk in chunks if chunk.stream == stream)


def lines_of(chunks: list[LogChunk]) -> list[tuple[int, bytes]]:
    """Each line with its stream, in the order given."""
    return [(chunk.stream, line + b"\n") for chunk in chunks for line in chunk.data.removesuffix(b"\n").split(b"\n")]


@relaxed
@given(pieces=pieces, limit=limits)
def test_the_framed_store_gives_every_byte_back(tmp_path: Path, pieces: list[tuple[int, bytes]], limit: int) -> None:
    target = target_in(tmp_path, max_size=limit, max_file=200)
    log = open_log(target)
    for stream, data in pieces:
        log.write(stream, data)
    log.close()
    chunks = chunks_of(target)
    for stream in (1, 2):
        assert said(chunks, stream) == b"".join(data for number, data in pieces if number == stream)
    # Only the last chunk of a stream may lack its line feed, and lines are never cut.
    for stream in (1, 2):
        own = [chunk for chunk in chunks if chunk.stream == stream]
        assert all(chunk.data.endswith(b"\n") and not chunk.continued for chunk in own[:-1])


@relaxed
@given(pieces=pieces, limit=limits)
def test_reading_along_gives_the_same_as_reading_afterwards(
    tmp_path: Path, pieces: list[tuple[int, bytes]], limit: int
) -> None:
    target = target_in(tmp_path, max_size=limit, max_file=200)
    log = open_log(target)
    along: list[LogChunk] = []
    with LogFollower(target, LogQuery(follow=True)) as follower:
        for stream, data in pieces:
            log.write(stream, data)
            along += follower.next_batch()
        log.close()
        while batch := follower.next_batch():
            along += batch
        along += follower.finish()
    assert [(chunk.stream, chunk.data) for chunk in along] == [
        (chunk.stream, chunk.data) for chunk in chunks_of(target)
    ]


text_pieces = st.lists(st.tuples(st.sampled_from((1, 2)), st.text(max_size=60)), max_size=20)


@relaxed
@given(pieces=text_pieces, cut=st.integers(1, 7), limit=limits)
def test_json_lines_give_every_character_back(
    tmp_path: Path, pieces: list[tuple[int, str]], cut: int, limit: int
) -> None:
    target = target_in(tmp_path, "json-file", max_size=limit, max_file=200)
    log = open_log(target)
    for stream, text in pieces:
        data = text.encode()
        for begin in range(0, len(data), cut):
            log.write(stream, data[begin : begin + cut])
    log.close()
    chunks = chunks_of(target)
    for stream in (1, 2):
        assert said(chunks, stream).decode() == "".join(text for number, text in pieces if number == stream)


@relaxed
@given(
    lines=st.lists(st.tuples(st.sampled_from((1, 2)), st.binary(max_size=30).filter(lambda b: b"\n" not in b))),
    tail=st.integers(0, 12),
    cut=st.integers(1, 9),
    driver=st.sampled_from(("local", "json-file")),
    streams=st.sampled_from(((True, True), (True, False), (False, True))),
    limit=limits,
)
def test_tail_gives_the_last_lines_whole(
    tmp_path: Path,
    lines: list[tuple[int, bytes]],
    tail: int,
    cut: int,
    driver: str,
    streams: tuple[bool, bool],
    limit: int,
) -> None:
    """The lines of the two streams interleave in pieces; the order is that of their ends."""
    target = target_in(tmp_path, driver, max_size=limit, max_file=200)
    log = open_log(target)
    for stream, line in lines:
        data = line + b"\n"
        for begin in range(0, len(data), cut):
            log.write(stream, data[begin : begin + cut])
    log.close()
    stdout, stderr = streams
    everything = lines_of(chunks_of(target, LogQuery(stdout=stdout, stderr=stderr)))
    if driver == "local":
        assert everything == [(s, line + b"\n") for s, line in lines if (stdout if s == 1 else stderr)]
    wanted = LogQuery(stdout=stdout, stderr=stderr, tail=tail)
    assert lines_of(chunks_of(target, wanted)) == everything[max(len(everything) - tail, 0) :]


@relaxed
@given(
    lines=st.lists(st.tuples(st.sampled_from((1, 2)), st.integers(1, 6)), min_size=1, max_size=25),
    order=st.randoms(),
    tail=st.integers(0, 12),
)
def test_tail_of_interleaved_unfinished_lines(
    tmp_path: Path, lines: list[tuple[int, int]], order: random.Random, tail: int
) -> None:
    """Both streams write pieces of lines in any order; each line ends."""
    target = target_in(tmp_path)
    log = open_log(target)
    queues = {
        stream: [
            b"%d.%d" % (stream, index) + (b"\n" if piece == count - 1 else b"-")
            for index, (number, count) in enumerate(lines)
            if number == stream
            for piece in range(count)
        ]
        for stream in (1, 2)
    }
    while any(queues.values()):
        stream = order.choice([stream for stream, queue in queues.items() if queue])
        log.write(stream, queues[stream].pop(0))
    for stream in (1, 2):
        log.write(stream, b"\n")
    log.close()
    everything = lines_of(chunks_of(target))
    assert lines_of(chunks_of(target, LogQuery(tail=tail))) == everything[max(len(everything) - tail, 0) :]


@pytest.mark.parametrize("driver", ["local", "json-file"])
@pytest.mark.parametrize("length", [16383, 16384, 16385, MAX_PAYLOAD, 3 * LONGEST_HELD + 1])
def test_a_long_line_comes_back_whole(tmp_path: Path, driver: str, length: int) -> None:
    target = target_in(tmp_path, driver)
    log = open_log(target)
    log.write(1, b"before\n")
    log.write(1, b"a" * length)
    log.write(2, b"between\n")
    log.write(1, b"b\nafter\n")
    log.close()
    chunks = chunks_of(target)
    assert said(chunks, 1) == b"before\n" + b"a" * length + b"b\nafter\n"
    assert said(chunks, 2) == b"between\n"
    long = [chunk for chunk in chunks if b"a" in chunk.data[:1] and chunk.data != b"after\n"]
    assert [chunk.continued for chunk in long] == [False] + [True] * (len(long) - 1)
    assert said(chunks_of(target, LogQuery(tail=2)), 1) == b"a" * length + b"b\nafter\n"


def test_what_has_no_line_feed_yet_is_shown_but_not_followed(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    log = open_log(target)
    log.write(1, b"done\nPassword: ")
    assert said(chunks_of(target), 1) == b"done\nPassword: "
    assert said(chunks_of(target, LogQuery(tail=1)), 1) == b"Password: "
    with LogFollower(target, LogQuery(follow=True, tail=0)) as follower:
        assert follower.next_batch() == []
        log.write(1, b"secret\n")
        (chunk,) = follower.next_batch()
        assert chunk.data == b"Password: secret\n"
    log.close()


def test_a_new_run_does_not_continue_the_line_of_the_last(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    for _ in range(2):
        log = open_log(target)
        log.write(1, b"first\nlast")
        log.close()
    assert [chunk.data for chunk in chunks_of(target)] == [b"first\n", b"last", b"first\n", b"last"]
    assert [chunk.data for chunk in chunks_of(target, LogQuery(tail=3))] == [b"last", b"first\n", b"last"]
