"""The one bridge from the event loop to blocking work: three pools of threads.

quick: bounded disk and kernel work of some milliseconds. bulk: work as long as the data (load, import, save).
remote: work that waits for other machines (pull, push). They are apart so that an import never keeps a start waiting,
and a slow registry neither.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar, cast

from boxship.lib.pool import Pool

P = ParamSpec("P")
T = TypeVar("T")

_quick = Pool("quick", 8)
_bulk = Pool("bulk", 16)
_remote = Pool("remote", 64)


async def quick(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run short blocking work in a thread; its result or its exception."""
    return cast(T, await _quick.run(partial(function, *args, **kwargs)))


async def bulk(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run long blocking work in a thread; its result or its exception."""
    return cast(T, await _bulk.run(partial(function, *args, **kwargs)))


async def remote(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work that waits for another machine in a thread; its result or its exception."""
    return cast(T, await _remote.run(partial(function, *args, **kwargs)))
