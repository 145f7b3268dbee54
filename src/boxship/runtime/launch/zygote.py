"""The daemon's side of the zygote: found or started, replaced when it has died or is of another version."""

import asyncio
import os
import resource
import socket

from boxship.lib.errors import BoxshipError, Unavailable
from boxship.runtime.launch.link import Message
from boxship.runtime.launch.ready import writable
from boxship.runtime.launch.spawn import spawn_zygote
from boxship.runtime.launch.work import receive
from boxship.shim import wire
from boxship.shim.zygote import IDENTITY

# Seconds: an emulated machine on a busy one needs a minute. One that has died is noticed at once.
_COMING_UP = 180


class Zygote:
    """The zygote of the instance with this run folder. Belongs to one event loop. pid: 0 before `connect`."""

    def __init__(self, run_root: str) -> None:
        self._run_root = run_root
        self._sock: socket.socket | None = None
        # The sockets that it holds for us, by name.
        self._kept: dict[str, int] = {}
        self._lock = asyncio.Lock()
        # The daemon raises its own limit later; containers get the one that it was started with, as with Docker.
        self._open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.pid = 0

    async def connect(self) -> None:
        """Find the zygote of this instance, or start one. BoxshipError when that fails."""
        found = self._try_connect()
        if found is not None:
            hello, fds = await self._hello(found)
            self._kept = dict(zip(hello["kept"], fds, strict=True))
            if hello["identity"] == IDENTITY:
                self._sock, self.pid = found, hello["pid"]
                return
            # Another version: its monitors live on, its sockets move over, it forks nothing more.
            await self._exchange(found, {"op": "retire"})
            found.close()
        await self._spawn()

    def _try_connect(self) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            wire.connect_in(sock, self._run_root, "zygote.sock")
        except OSError:
            sock.close()
            return None
        sock.setblocking(False)
        return sock

    async def _spawn(self) -> None:
        path = f"{self._run_root}/zygote.sock"
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            wire.bind_in(listener, self._run_root, "zygote.sock")
            os.chmod(path, 0o600)
            listener.listen(16)
            pid = spawn_zygote(listener, self._run_root, self._open_files)
        log = f"{self._run_root}/zygote.log"
        sock = self._try_connect()
        if sock is None:
            raise BoxshipError(f"the zygote (pid {pid}) does not take connections; its messages are in {log}")
        try:
            hello, _ = await asyncio.wait_for(self._hello(sock), _COMING_UP)
        except (TimeoutError, Unavailable):
            raise BoxshipError(f"the zygote (pid {pid}) did not come up; its messages are in {log}") from None
        self._sock, self.pid = sock, hello["pid"]
        # What a former zygote held.
        for name, fd in self._kept.items():
            await self._exchange(sock, {"op": "keep", "name": name}, [fd])

    async def _hello(self, sock: socket.socket) -> tuple[Message, list[int]]:
        return await self._exchange(sock, {"op": "hello"})

    async def _exchange(
        self, sock: socket.socket | None, message: Message, fds: list[int] | None = None
    ) -> tuple[Message, list[int]]:
        if sock is None:
            raise Unavailable("the zygote is not there")
        try:
            wire.send(sock, message, fds or ())
        except OSError as error:
            raise Unavailable(f"the zygote does not answer: {error.strerror}") from None
        return await receive(sock, "the zygote")

    async def listener(self, path: str, *, mode: int = 0o660, group: int = -1) -> socket.socket:
        """The listening API socket at `path`: the one the zygote holds, else a new one that it holds from now on."""
        name = f"unix:{path}"
        kept = self._kept.get(name, -1)
        if kept >= 0:
            if os.path.exists(path):
                return socket.socket(fileno=os.dup(kept))
            # Somebody removed the file: nobody could reach that socket any more.
            os.close(self._kept.pop(name))
        folder, base = os.path.split(path)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old_mask = os.umask(0o177)
        try:
            wire.bind_in(sock, folder, base)
        finally:
            os.umask(old_mask)
        os.chown(path, -1, group)
        os.chmod(path, mode)
        sock.listen(4096)
        self._kept[name] = os.dup(sock.fileno())
        async with self._lock:
            await self._exchange(self._sock, {"op": "keep", "name": name}, [sock.fileno()])
        return sock

    async def fork(self, message: Message, fds: list[int]) -> None:
        """A start is one message without an answer; a zygote that has died is replaced once."""
        async with self._lock:
            for attempt in range(2):
                try:
                    if self._sock is None:
                        raise BrokenPipeError
                    await self._send(self._sock, message, fds)
                    return
                except (BrokenPipeError, ConnectionResetError):
                    if attempt:
                        raise Unavailable("the zygote does not stay alive; see zygote.log") from None
                    if self._sock is not None:
                        self._sock.close()
                        self._sock = None
                    await self._spawn()

    @staticmethod
    async def _send(sock: socket.socket, message: Message, fds: list[int]) -> None:
        while True:
            try:
                wire.send(sock, message, fds)
                return
            except BlockingIOError:
                await writable(sock)

    async def retire(self) -> None:
        """No container runs and the daemon ends in order: the zygote goes, too, and its sockets with it, so that
        clients are told at once that nobody is there. Monitors that still serve a client end by themselves.
        """
        names = list(self._kept)
        try:
            await self._exchange(self._sock, {"op": "retire"})
        except Unavailable:
            # It is gone already.
            pass
        for path in (f"{self._run_root}/zygote.sock", *(name.removeprefix("unix:") for name in names)):
            try:
                os.unlink(path)
            except FileNotFoundError:
                # Somebody else has cleaned up.
                pass

    def close(self) -> None:
        """Let go of the zygote's connection; it and the monitors live on."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
