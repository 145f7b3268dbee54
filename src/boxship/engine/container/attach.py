"""docker attach: a client at a container's streams, before or while it runs."""

import asyncio
import socket

import msgspec

from boxship.engine.container.logs import replay
from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.lib.clock import now_ns
from boxship.lib.errors import Conflict
from boxship.model.container import AttachOptions


class Attachment:
    """An attachment that is granted: the connection's socket is still to be handed over.

    tty: the stream is raw, else it is Docker's multiplexed one.
    """

    def __init__(self, engine: Engine, container: Container, options: AttachOptions) -> None:
        self.tty = container.record.config.tty
        self._engine = engine
        self._container = container
        self._options = options

    async def hand_over(self, sock: socket.socket, leftover: bytes) -> None:
        """Take the connection over, with the bytes of the client's that were read already.

        The socket belongs to the engine from here on, also when this fails. Returns at once where the monitor
        serves the client (or will, after the start), and after the last byte where logs are replayed.
        """
        options, container = self._options, self._container
        # What waits is handed to the monitor at the beginning of a start: this client is too late for that.
        await container.settled()
        runs = container.monitor is not None and container.running
        if options.logs and options.stream and not runs:
            await self._past_then_next_run(sock, leftover)
        elif options.logs:
            await self._with_logs(sock, leftover)
        elif not options.stream or not (options.stdin or options.stdout or options.stderr):
            sock.close()
        elif container.monitor is not None and container.running:
            await container.monitor.attach(sock, leftover, options)
        else:
            # Docker lets a client attach to a container that does not run: it sees the next start.
            container.pending.append((sock, leftover, options))

    async def _with_logs(self, sock: socket.socket, leftover: bytes) -> None:
        """Output comes from the log, which misses nothing between then and now; input goes to the monitor."""
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        typing = loop.create_task(self._pass_input(sock, leftover))
        try:
            async for chunk in replay(self._engine, self._container, self._options):
                await loop.sock_sendall(sock, chunk)
        except OSError:
            # The client has gone; nobody else is concerned.
            pass
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)
            sock.close()

    async def _past_then_next_run(self, sock: socket.socket, leftover: bytes) -> None:
        """The log, then the run that is to come: a relay waits for it as any client that attached before a start."""
        ours, theirs = socket.socketpair()
        later = msgspec.structs.replace(self._options, logs=False)
        past = msgspec.structs.replace(self._options, stream=False)
        # In this order, and with no pause between them: a line is in the log before now, or in the next run.
        until_ns = now_ns()
        self._container.pending.append((theirs, leftover, later))
        loop = asyncio.get_running_loop()
        for end in (sock, ours):
            end.setblocking(False)
        with sock, ours:
            try:
                async for chunk in replay(self._engine, self._container, past, until_ns):
                    await loop.sock_sendall(sock, chunk)
                typing = loop.create_task(_pass_on(sock, ours))
                try:
                    await _pass_on(ours, sock)
                finally:
                    typing.cancel()
                    await asyncio.gather(typing, return_exceptions=True)
            except OSError:
                # The client has gone; nobody else is concerned.
                pass

    async def _pass_input(self, sock: socket.socket, leftover: bytes) -> None:
        """Pass what the client types on, until it ends; a detach sequence ends the connection."""
        options, monitor = self._options, self._container.monitor
        if not options.stream or not options.stdin or monitor is None:
            return
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours:
            only_input = msgspec.structs.replace(options, stdout=False, stderr=False, logs=False)
            await monitor.attach(theirs, leftover, only_input)
            try:
                while data := await loop.sock_recv(sock, 1 << 16):
                    await loop.sock_sendall(ours, data)
                ours.shutdown(socket.SHUT_WR)
                await loop.sock_recv(ours, 1)
            except OSError:
                # The monitor has let this client go.
                sock.shutdown(socket.SHUT_RDWR)


async def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Relay one direction to its end, and tell the sink of that. OSError when either side has gone."""
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, 1 << 16):
        await loop.sock_sendall(sink, data)
    sink.shutdown(socket.SHUT_WR)


def attach(engine: Engine, ref: str, options: AttachOptions) -> Attachment:
    """Grant an attachment. NotFound; Conflict while it is paused or between two tries of a restart policy."""
    container = engine.containers.get(ref)
    if container.paused:
        raise Conflict(f"container {ref} is paused, unpause the container before attach")
    if container.state.phase == "restarting":
        raise Conflict(f"container {container.id} is restarting, wait until the container is running")
    publish(engine, container, "attach")
    return Attachment(engine, container, options)
