"""Compresses what the rotation of logs leaves behind, where `--log-opt compress=true` asks for it.

The monitor only writes and rotates: compressing is the daemon's work, late but bounded.
"""

import asyncio

from boxship.engine.container.log_target import log_target
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError
from boxship.storage.logs import compress_rotated

EVERY = 30.0
"""Seconds between two looks at a running container's log."""


def compress_while_running(engine: Engine, container: Container) -> None:
    """Look after the log of the run that has just begun or was taken over; nothing to do without `compress`."""
    if (container.record.host.log_config.config or {}).get("compress") is not None:
        engine.spawn(_look_after(engine, container))


async def _look_after(engine: Engine, container: Container) -> None:
    try:
        target = log_target(engine, container.record)
    except BoxshipError:
        # The start that reads the same options has told it.
        return
    if not target.compress:
        return
    monitor = container.monitor
    ended = container.exits.add()
    try:
        while container.monitor is monitor and not container.removing:
            await asyncio.wait({ended}, timeout=EVERY)
            try:
                await bulk(compress_rotated, target)
            except OSError:
                # A full disk, or a removal under way: the plain files are as good, and the next look tries again.
                continue
    finally:
        ended.cancel()
