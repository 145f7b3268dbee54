"""The one bridge from the event loop to blocking work: three pools of threads.

quick: bounded disk and kernel work of some milliseconds. bulk: work as long as the data (load, import, save).
remote: work that waits for
other machines (pull, push). They are apart so that an import never keeps a start waiting, and a slow registry neither.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_quick = ThreadPoolExecutor(max_workers=8, thread_name_prefix="quick")
_bulk = ThreadPoolExecutor(max_workers=16, thread_name_prefix="bulk")
_remote = ThreadPoolExecutor(max_workers=64, thread_name_prefix="remote")


async def quick(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run short blocking work in a thread; its result or its exception."""
    return await asyncio.get_running_loop().run_in_executor(_quick, lambda: function(*args, **kwargs))


async def bulk(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run long blocking work in a thread; its result or its exception."""
    return await asyncio.get_running_loop().run_in_executor(_bulk, lambda: function(*args, **kwargs))


async def remote(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work that waits for another machine in a thread; its result or its exception."""
    return await asyncio.get_running_loop().run_in_executor(_remote, lambda: function(*args, **kwargs))
