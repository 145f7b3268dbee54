"""The threads behind the event loop: every result comes back, few threads do it, and none outlives its work."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from boxship.lib.bridge import quick
from boxship.lib.pool import Pool


def test_results_and_errors_come_back() -> None:
    async def work() -> None:
        assert await quick(lambda one, *, two: one + two, 1, two=2) == 3
        with pytest.raises(KeyError, match="gone"):
            await quick({}.__getitem__, "gone")
        with pytest.raises(SystemExit):
            await quick(sys.exit, 3)

    asyncio.run(work())


@pytest.mark.parametrize("count", [1, 3, 200])
def test_no_more_threads_than_asked_for_and_every_piece_of_work_is_done(count: int) -> None:
    pool = Pool("some", 4)
    names: set[str] = set()

    def number(value: int) -> Callable[[], int]:
        def call() -> int:
            names.add(threading.current_thread().name)
            return value

        return call

    async def work() -> None:
        for _ in range(20):
            assert await asyncio.gather(*(pool.run(number(value)) for value in range(count))) == list(range(count))

    asyncio.run(work())
    assert 1 <= len(names) <= 4


def test_the_thread_that_rested_last_works_next() -> None:
    pool = Pool("some", 8)

    async def work() -> list[str]:
        barrier = threading.Barrier(4)
        await asyncio.gather(*(pool.run(barrier.wait) for _ in range(4)))
        return [await pool.run(lambda: threading.current_thread().name) for _ in range(50)]

    # The loop may be told before the thread rests: then another one is taken, and the two go on in turns.
    assert len(set(asyncio.run(work()))) <= 2


def test_work_that_nobody_waits_for_is_not_begun() -> None:
    pool = Pool("some", 1)
    begun: list[int] = []

    async def work() -> None:
        hold, held = threading.Event(), threading.Event()

        def block() -> None:
            held.set()
            hold.wait()

        first = pool.run(block)
        await asyncio.sleep(0)
        second = pool.run(lambda: begun.append(2))
        third = pool.run(lambda: begun.append(3))
        assert held.wait(10)
        second.cancel()
        # Of work that has begun only the result is given up.
        first.cancel()
        hold.set()
        await third

    asyncio.run(work())
    assert begun == [3]


END = """
import asyncio, sys, time
from boxship.lib.bridge import quick

async def work():
    asyncio.ensure_future(quick(lambda: (time.sleep(0.3), print("done", flush=True))))
    await quick(lambda: None)

asyncio.run(work())
"""


def test_the_end_of_the_process_waits_for_work_that_has_begun_and_not_for_threads_that_rest() -> None:
    done = subprocess.run([sys.executable, "-c", END], capture_output=True, text=True, timeout=30, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")
