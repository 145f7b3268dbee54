"""One client's connection: h11 decides what the bytes mean, this protocol moves them.

Bytes are read ahead only so far (`Limits.read_ahead`), then the client is held back: a body costs no memory
however long it is, and requests sent ahead (pipelining) wait their turn. h11 gets one received piece at a
time, so that after a hijack all that was read is at hand.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import h11

from boxship.http.incoming import Incoming, Limits
from boxship.http.request import ClientGone, Hijacked, Request
from boxship.http.uncopied import Uncopied, copy_file, splice
from boxship.lib.errors import BoxshipError, InvalidParameter

log = logging.getLogger("boxship.http")

Handler = Callable[[Request], Awaitable[None]]
# Bytes of a body that are handed on together, where so many are here.
_PIECE = 256 << 10
Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


class Connection(asyncio.Protocol):
    """Serves one request after the other."""

    transport: asyncio.Transport

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        peers: "set[Connection]",
        *,
        over_tcp: bool,
        client_verified: bool = False,
    ) -> None:
        self._handler = handler
        self._limits = limits
        self._peers = peers
        self.over_tcp = over_tcp
        self.client_verified = client_verified
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)
        self._loop = asyncio.get_running_loop()
        self._incoming = Incoming(limits.read_ahead)
        self._lost = False
        self._discard = False
        self._hijacked = False
        self._cut = False
        self._broken: h11.RemoteProtocolError | None = None
        self._idle = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._writable: asyncio.Future[None] | None = None
        self._gone = asyncio.Event()
        self._interruptible = False
        self._task: asyncio.Task[None] | None = None

    # What the transport tells ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._incoming.connect(transport)
        self._peers.add(self)
        self._arm_head_timer()
        self._task = self._loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        if self._discard:
            return
        if self._idle and self._head_timer is None:
            self._arm_head_timer()
        self._incoming.add(data)

    def eof_received(self) -> bool:
        self._incoming.end()
        self._gone.set()
        return True  # the client may still read

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._incoming.end()
        self._peers.discard(self)
        self._disarm_head_timer()
        self._gone.set()
        _wake(self._writable)

    def pause_writing(self) -> None:
        if self._writable is None or self._writable.done():
            self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._writable)

    # Time limits, and the server's end
    # -----------------------------------------------------------------------

    def _arm_head_timer(self) -> None:
        self._head_timer = self._loop.call_later(self._limits.head_seconds, self._head_expired)

    def _disarm_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_expired(self) -> None:
        log.debug("a client took more than %s s for a request's head", self._limits.head_seconds)
        self.transport.abort()

    def stop(self) -> bool:
        """The server stops. False when a request still needs its time."""
        if self._idle:
            self.transport.close()
            return True
        if self._interruptible:
            # A stream cut short must not look like one that ended.
            self._cut = True
            self._gone.set()
        return False

    async def finished(self) -> None:
        """Returns when the connection's task has ended."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def abort(self) -> None:
        """Drop the connection and cancel what is under way."""
        if self._task is not None:
            self._task.cancel()
        self.transport.abort()

    # The cycle of requests ---------------------------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            while await self._serve_one():
                pass
            if not self._hijacked:
                await self._linger()
        except ConnectionError:
            pass
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint, str(error))
        except h11.LocalProtocolError:
            log.exception("a handler broke HTTP's order")
            self.transport.abort()
        finally:
            self._disarm_head_timer()
            if not self._hijacked:
                self.transport.close()

    async def _serve_one(self) -> bool:
        """Serve the next request. False when the connection has done its duty."""
        self._idle = True
        if self._incoming and self._head_timer is None:
            self._arm_head_timer()
        event = await self._next_event()
        self._idle = False
        self._disarm_head_timer()
        if not isinstance(event, h11.Request):
            return False
        if self._incoming.eof:
            # It may have come with the end of the one before.
            self._gone.set()
        if event.http_version not in (b"1.0", b"1.1"):
            await self._refuse(505, "")
            return False
        try:
            request = Request(self, event)
        except InvalidParameter:
            await self._refuse(400, "")
            return False
        try:
            await self._handler(request)
        except ClientGone as error:
            log.debug("%s", error)
            self._abort_unless_hijacked()
            return False
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            if request.started:
                self._abort_unless_hijacked()
                return False
            await request.respond(500, b'{"message":"internal error; the daemon\'s log says more"}\n')
        self._interruptible = False
        return not self._hijacked and not self._cut and await self._next_cycle()

    def _abort_unless_hijacked(self) -> None:
        if not self._hijacked:
            self.transport.abort()

    async def _next_cycle(self) -> bool:
        """Make ready for the next request: what is left of this one's body is read, up to a limit."""
        if self._h11.our_state is not h11.DONE:
            # The answer said `Connection: close`, as one that refuses a body that was announced does.
            return False
        unread = 0
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                while self._h11.their_state is h11.SEND_BODY:
                    piece = await self.read_body()
                    unread += len(piece or b"")
                    if unread > self._limits.unread_bytes:
                        return False
        except (TimeoutError, InvalidParameter):
            return False
        if self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True

    async def _refuse(self, status: int, message: str) -> None:
        """Answer a request that can't be understood, as Go's server does, and close."""
        if self._lost or self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        phrase = HTTPStatus(status).phrase
        body = (f"{status} {phrase}: {message}" if message else f"{status} {phrase}").encode()
        head = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        try:
            await self.send_head(status, [*head, ("Connection", "close")])
            await self.send_data(body)
            await self.send_end()
            await self._linger()
        except ConnectionError:
            pass

    async def _linger(self) -> None:
        """Let a client that still sends read its answer.

        Closing a socket with unread bytes resets the connection, and the reset may overtake the answer
        (RFC 9112, section 9.6).
        """
        if self._incoming.eof:
            return
        self._discard = True
        self._incoming.take_all()
        try:
            self.transport.write_eof()
            self._incoming.resume()
            async with asyncio.timeout(self._limits.linger_seconds):
                await self._gone.wait()
        except (TimeoutError, OSError):
            pass

    # Reading -----------------------------------------------------------------------------------------------

    async def _next_event(self) -> Event:
        while True:
            event = self._h11.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._incoming:
                self._h11.receive_data(self._incoming.take())
            elif self._incoming.eof:
                self._h11.receive_data(b"")
            else:
                await self._incoming.more()

    async def read_body(self) -> bytes | None:
        """The next piece of the request's body, None at its end. ClientGone, InvalidParameter."""
        if self._broken is not None:
            raise InvalidParameter(f"the request's body is broken: {self._broken}") from self._broken
        if self._h11.their_state is not h11.SEND_BODY:
            return None
        if self._h11.they_are_waiting_for_100_continue and self._h11.our_state is h11.SEND_RESPONSE:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self._write(self._h11.send(go_on))
        try:
            event = await self._next_event()
        except h11.RemoteProtocolError as error:
            if self._incoming.eof and not self._incoming:
                raise ClientGone("the client has gone in the middle of its request") from error
            raise InvalidParameter(f"the request's body is broken: {error}") from error
        if not isinstance(event, h11.Data):
            return None
        pieces = [event.data]
        size = len(event.data)
        # Clients send chunks of 32 KiB and less: what is here of them goes on as one piece.
        while size < _PIECE:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                # After the bytes that came before it.
                self._broken = error
                break
            if not isinstance(event, h11.Data):
                # The end of the body is in h11's state, too.
                break
            pieces.append(event.data)
            size += len(event.data)
        return b"".join(pieces)

    async def gone(self) -> None:
        """Returns when the client has closed its side, or when the server stops."""
        self._interruptible = True
        await self._gone.wait()

    # Writing -----------------------------------------------------------------------------------------------

    def _write(self, data: bytes | None) -> None:
        if self._lost or self.transport.is_closing():
            raise ClientGone("the client has closed its connection")
        if data:
            self.transport.write(data)

    async def _drain(self) -> None:
        if self._writable is not None:
            await self._writable
            self._writable = None
        if self._lost:
            raise ClientGone("the client has closed its connection")

    async def send_head(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Send the head of the answer. ClientGone."""
        self._write(self._head(status, headers))
        await self._drain()

    async def send_whole(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send an answer whose body is at hand: one write, where three would each let another thread in. ClientGone."""
        if self._cut:
            raise ClientGone("the server stops")
        pieces = [self._head(status, headers)]
        if body:
            pieces.append(self._h11.send(h11.Data(data=body)) or b"")
        pieces.append(self._h11.send(h11.EndOfMessage()) or b"")
        self._write(b"".join(pieces))
        await self._drain()

    def _head(self, status: int, headers: list[tuple[str, str]]) -> bytes:
        headers.append(("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())))
        if self._h11.they_are_waiting_for_100_continue:
            headers.append(("Connection", "close"))
        reason = HTTPStatus(status).phrase.encode()
        encoded = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
        return self._h11.send(h11.Response(status_code=status, headers=encoded, reason=reason)) or b""

    async def send_data(self, data: bytes) -> None:
        """Send a piece of the answer's body. ClientGone."""
        self._write(self._h11.send(h11.Data(data=data)))
        await self._drain()

    async def send_pipe(self, pipe: int, count: int) -> None:
        """Send `count` bytes that are in a pipe as a piece of the answer's body. ClientGone."""
        await self._send_uncopied(count, lambda: splice(pipe, self.transport, count))

    async def send_file(self, file: int, count: int) -> None:
        """Send the first `count` bytes of a file as a piece of the answer's body. ClientGone, BoxshipError."""
        await self._send_uncopied(count, lambda: copy_file(file, self.transport, count))

    async def _send_uncopied(self, count: int, move: Callable[[], Awaitable[None]]) -> None:
        pieces = self._h11.send_with_data_passthrough(h11.Data(data=Uncopied(count)))  # type: ignore[arg-type]
        # Before the bytes go past it, the transport's buffer must be empty.
        self.transport.set_write_buffer_limits(high=0)
        try:
            for piece in pieces or ():
                if isinstance(piece, Uncopied):
                    await self._drain()
                    await move()
                else:
                    self._write(piece)
                    await self._drain()
        except OSError as error:
            raise ClientGone("the client has closed its connection") from error
        finally:
            self.transport.set_write_buffer_limits()

    async def send_end(self) -> None:
        """End the answer's body. ClientGone."""
        if self._cut:
            raise ClientGone("the server stops")
        self._write(self._h11.send(h11.EndOfMessage()))
        await self._drain()

    async def hijack(self, head: bytes) -> Hijacked:
        """Send `head` and give the socket away, with all that was read from it. ClientGone."""
        unread = 0
        while (piece := await self.read_body()) is not None:
            unread += len(piece)
            if unread > self._limits.unread_bytes:
                raise BoxshipError("the request's body is too long for a connection that is to be upgraded")
        self.transport.set_write_buffer_limits(high=0)
        self._write(head)
        await self._drain()
        self._incoming.pause()
        leftover = bytes(self._h11.trailing_data[0]) + self._incoming.take_all()
        sock = self.transport.get_extra_info("socket").dup()
        self._hijacked = True
        # Closes this descriptor only: no shutdown(2), so the copy lives on.
        self.transport.abort()
        return Hijacked(sock, leftover)


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
