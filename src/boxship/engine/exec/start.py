"""docker exec, second half: it runs."""

import asyncio
import errno
import socket

from boxship.engine.container.failure import NOT_EXECUTABLE, explain_exec, relative_folder
from boxship.engine.container.notify import publish
from boxship.engine.engine import Engine
from boxship.engine.exec.create import command_text, must_run
from boxship.engine.exec.ended import exec_ended
from boxship.engine.exec.register import Exec
from boxship.engine.exec.request import exec_request
from boxship.http.stdcopy import STDOUT, frame
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError, Conflict, StepFailed
from boxship.model.container import AttachOptions
from boxship.runtime.launch import Attach


class ExecAttachment:
    """An exec that starts when the client's connection is handed over.

    tty: the client wants the stream raw. Docker goes by what the start says, whatever the exec was created with:
    a terminal's output can come framed (docker-py reads it so), and without a terminal and without frames there
    is no room for stderr.
    """

    def __init__(self, engine: Engine, exec: Exec, *, tty: bool) -> None:
        self.tty = tty
        self._engine = engine
        self._exec = exec

    async def hand_over(self, sock: socket.socket, leftover: bytes) -> None:
        """Start the process at this connection. A failure is told on the stream, as Docker does it: the client's
        HTTP exchange is over by now.
        """
        config = self._exec.config
        options = AttachOptions(
            stdin=config.attach_stdin,
            stdout=config.attach_stdout,
            stderr=config.attach_stderr and (config.tty or not self.tty),
            detach_keys=self._exec.detach_keys,
            framed=not self.tty,
        )
        kept = sock.dup()
        try:
            await self._engine.whole(run_exec(self._engine, self._exec, (sock, leftover, options)))
        except BoxshipError as error:
            # The monitor itself has told the client of a step that failed.
            if not isinstance(error.__cause__, StepFailed):
                await _tell(kept, error, tty=self.tty)
            sock.close()
        finally:
            kept.close()


async def _tell(sock: socket.socket, error: BoxshipError, *, tty: bool) -> None:
    text = f"{error.message}\r\n".encode()
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_sendall(sock, text if tty else frame(STDOUT, text))
    except OSError:
        # The client has gone.
        pass


async def exec_start(
    engine: Engine, exec_id: str, *, detach: bool, tty: bool = False, size: tuple[int, int] | None = None
) -> ExecAttachment | None:
    """Start an exec. detach: it runs when this returns None; else it starts once the connection is handed over.

    tty: the stream is to be raw. size: height and width of its terminal. NotFound; Conflict for a second start or
    when the container does not run; InvalidParameter (detach) when the command cannot be started.
    """
    exec = engine.execs.get(exec_id)
    if exec.started:
        raise Conflict(f"exec command {exec_id} has already run")
    must_run(exec.container)
    exec.started = True
    exec.size = size or exec.size
    if not detach:
        return ExecAttachment(engine, exec, tty=tty)
    await engine.whole(run_exec(engine, exec, None))
    return None


async def run_exec(engine: Engine, exec: Exec, attach: "Attach | None") -> None:
    """Start an exec that is marked as started. attach: its client. Errors as those of `exec_start`; the exec has ended
    then.
    """
    container = exec.container
    monitor = container.monitor
    if monitor is None or not container.running:
        raise Conflict(f"container {container.id} is not running")
    publish(engine, container, f"exec_start: {command_text(exec.config)}", execID=exec.id)
    folder = exec.config.working_dir
    if folder and not folder.startswith("/"):
        failure = relative_folder()
        exec.end(failure.exit_code)
        raise failure.error
    exec.starting = True
    try:
        request = await quick(exec_request, engine, exec)
        exec.pid = await monitor.exec(request, attach)
    except StepFailed as error:
        if error.step != "exec" and (error.errno == errno.ESRCH or monitor.exited.done()):
            # The container has ended meanwhile: whatever step met that, it is not the command's fault.
            error = StepFailed(error.step, error.errno, error.path, "cannot exec in a stopped container")
        failure = explain_exec(error)
        exec.end(failure.exit_code)
        raise failure.error from error
    except BaseException:
        exec.end(NOT_EXECUTABLE)
        raise
    finally:
        exec.starting = False
    exec.running = True
    if exec.early_exit is not None:
        exec_ended(engine, container, exec.id, exec.early_exit)
