"""The one bridge from the event loop to blocking work: two pools of threads.

quick: bounded disk and kernel work of some milliseconds. bulk: work as long as the data (load, import, save).
They are apart so that an import never keeps a start waiting.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_quick = ThreadPoolExecutor(max_workers=8, thread_name_prefix="quick")
_bulk = ThreadPoolExecutor(max_workers=16, thread_name_prefix="bulk")


async def quick(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run short blocking work in a thread; its result or its exception."""
    return await asyncio.get_running_loop().run_in_executor(_quick, lambda: function(*args, **kwargs))


async def bulk(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run long blocking work in a thread; its result or its exception."""
    return await asyncio.get_running_loop().run_in_executor(_bulk, lambda: function(*args, **kwargs))
