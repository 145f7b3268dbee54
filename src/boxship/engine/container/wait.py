"""docker wait: until a container has ended."""

import asyncio
from collections.abc import Awaitable

from boxship.engine.engine import Engine
from boxship.lib.errors import InvalidParameter


def wait(engine: Engine, ref: str, condition: str) -> Awaitable[tuple[int, str]]:
    """The exit code, and the error of a start that failed or "".

    condition: "not-running" or "" (now, when it does not run), "next-exit" (the next one, even of a later
    start) or "removed". Registered when this returns, so that nothing between it and the await is missed.
    NotFound, InvalidParameter for another condition.
    """
    if condition not in ("", "not-running", "next-exit", "removed"):
        raise InvalidParameter(f'invalid condition: "{condition}"')
    container = engine.containers.get(ref)
    if condition == "removed":
        return container.removed.add()
    if condition == "next-exit" or container.active:
        return container.exits.add()
    now: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
    now.set_result((container.state.exit_code, container.state.error))
    return now
