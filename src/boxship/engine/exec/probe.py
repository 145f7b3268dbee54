"""An exec of the engine's own: a command in a container, its output and its exit code."""

import asyncio
import socket
from dataclasses import dataclass

from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.exec.create import command_text
from boxship.engine.exec.register import Exec
from boxship.engine.exec.start import run_exec
from boxship.lib.errors import BoxshipError, NotFound, Unavailable
from boxship.lib.ids import new_id
from boxship.model.container import AttachOptions, ExecConfig

START_WAIT = 30.0
"""Seconds that the start may take; they are not the command's own."""
KILL_WAIT = 10.0
"""Seconds until a killed command that does not end is left to itself."""
OUTPUT_WAIT = 2.0
"""Seconds for the rest of the output after the end."""

_SIGKILL = 9


@dataclass(frozen=True, slots=True)
class Outcome:
    """output: stdout and stderr as they came, cut; whole: nothing was cut off. exit_code: None when time ran out."""

    exit_code: int | None
    output: bytes
    whole: bool


async def probe(engine: Engine, container: Container, command: list[str], *, timeout: float, longest: int) -> Outcome:
    """Run a command as the container's user, in its working folder; kill it and all of its session after `timeout`
    seconds. At most `longest` bytes of output are kept.

    BoxshipError when it does not start. The command does not outlive the caller's cancellation.
    """
    config = ExecConfig(cmd=command, attach_stdout=True, attach_stderr=True)
    exec = Exec(new_id(), container, config, b"", kept=False)
    ended = asyncio.Event()
    exec.on_end = ended.set
    engine.execs.add(exec)
    publish(engine, container, f"exec_create: {command_text(config)}", execID=exec.id)
    ours, theirs = socket.socketpair()
    output = bytearray()
    reader: asyncio.Task[None] | None = None
    try:
        ours.setblocking(False)
        reader = asyncio.get_running_loop().create_task(_read(ours, output, longest + 1))
        streams = AttachOptions(stdout=True, stderr=True, framed=False)
        await _start(engine, exec, (theirs, b"", streams))
        code = exec.exit_code if await _within(ended, timeout) else None
        if code is None:
            await _end(exec, ended)
        await asyncio.wait({reader}, timeout=OUTPUT_WAIT)
        return Outcome(code, bytes(output[:longest]), len(output) <= longest)
    finally:
        if reader is not None:
            reader.cancel()
        ours.close()
        if ended.is_set():
            engine.execs.drop(exec)
        else:
            engine.linger(_end_and_drop(engine, exec, ended))


async def _start(engine: Engine, exec: Exec, attach: tuple[socket.socket, bytes, AttachOptions]) -> None:
    exec.started = True
    # Not cancelled in the middle: nobody would know whether it runs.
    started = engine.linger(_run(engine, exec, attach))
    started.add_done_callback(_seen)
    done, _ = await asyncio.wait({started}, timeout=START_WAIT)
    if not done:
        raise BoxshipError(f"timed out starting health check for container {exec.container.id}")
    await started


async def _run(engine: Engine, exec: Exec, attach: tuple[socket.socket, bytes, AttachOptions]) -> None:
    try:
        await run_exec(engine, exec, attach)
    finally:
        attach[0].close()


def _seen(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _end(exec: Exec, ended: asyncio.Event) -> None:
    monitor = exec.container.monitor
    if monitor is None:
        return
    try:
        await monitor.signal(_SIGKILL, exec.id)
    except (NotFound, Unavailable):
        # It has just ended, or the container has.
        return
    await _within(ended, KILL_WAIT)


async def _end_and_drop(engine: Engine, exec: Exec, ended: asyncio.Event) -> None:
    await _end(exec, ended)
    engine.execs.drop(exec)


async def _read(sock: socket.socket, into: bytearray, longest: int) -> None:
    """Until the end; what is too long is taken and thrown away, or the command would wait."""
    loop = asyncio.get_running_loop()
    try:
        while piece := await loop.sock_recv(sock, 65536):
            into += piece[: longest - len(into)]
    except OSError:
        # The monitor was killed.
        return
