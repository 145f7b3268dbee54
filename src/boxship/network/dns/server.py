"""The dns process: holds the resolvers of all containers of one engine, and outlives its daemon.

Messages of the daemon (op): `hello`; `network` (id, name, entries: all that the network knows); `drop` (a network's
id); `container` (id, networks, servers, own; with the two sockets when it is new); `forget` (a container's id);
`alive` (id; with a pidfd of the container's first process: the resolver goes when it ends); `retire`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import os
import resource
import sys
import time

from boxship import __version__
from boxship.kernel import process as kernel
from boxship.network.dns.resolver import Resolver
from boxship.network.dns.zone import Network
from boxship.shim import wire
from boxship.shim.loop import IN, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]

IDENTITY = f"{__version__}/dns/1"
_SWEEP = 0.25


class Server:
    """Serves one daemon at a time on `listener`; resolvers go on without one."""

    def __init__(self, listener: _socket.socket) -> None:
        self._loop = Loop()
        self._listener = listener
        self._daemon: _socket.socket | None = None
        self._networks: dict[str, Network] = {}
        self._resolvers: dict[str, Resolver] = {}
        self._members: dict[str, list[str]] = {}
        self._pidfds: dict[str, int] = {}
        self._sweeping = False
        listener.setblocking(False)
        self._loop.watch(listener.fileno(), IN, self._accept)

    def run(self) -> None:
        while True:
            try:
                self._loop.run()
                return
            except Exception as error:
                # One container's trouble must not take the names of all others away.
                print(f"boxship dns: {type(error).__name__}: {error}", file=sys.stderr, flush=True)

    def _accept(self, _: int) -> None:
        try:
            daemon = wire.accept(self._listener)
        except OSError:
            return
        self._drop_daemon()
        daemon.setblocking(False)
        self._daemon = daemon
        self._loop.watch(daemon.fileno(), IN, self._readable)

    def _drop_daemon(self) -> None:
        if self._daemon is not None:
            self._loop.forget(self._daemon.fileno())
            self._daemon.close()
            self._daemon = None

    def _readable(self, _: int) -> None:
        assert self._daemon is not None
        try:
            received = wire.receive(self._daemon)
        except BlockingIOError:
            return
        except (OSError, ValueError, LookupError):
            # It was killed in the middle of a message, or talks nonsense.
            received = None
        if received is None:
            self._drop_daemon()
            return
        message, fds = received
        try:
            answer = self._handle(message, fds)
        except (KeyError, TypeError, ValueError, OSError) as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        for fd in fds:
            os.close(fd)
        try:
            wire.send(self._daemon, {"re": message.get("seq", 0), **answer})
        except OSError:
            self._drop_daemon()

    def _handle(self, message: Message, fds: list[int]) -> Message:
        match message["op"]:
            case "network":
                self._networks[message["id"]] = Network(message["name"], message["entries"])
            case "drop":
                self._networks.pop(message["id"], None)
            case "container":
                self._container(message, fds)
            case "alive":
                self._alive(message["id"], fds)
            case "forget":
                self._forget(message["id"])
            case "retire":
                self._loop.stop()
        return {"identity": IDENTITY, "pid": os.getpid(), "containers": list(self._resolvers)}

    def _container(self, message: Message, fds: list[int]) -> None:
        name = message["id"]
        if fds:
            self._forget(name)
            udp, tcp = (_socket.socket(fileno=fds.pop(0)) for _ in range(2))
            self._resolvers[name] = Resolver(self._loop, udp, tcp, self._wake)
        resolver = self._resolvers[name]
        members = self._members[name] = message["networks"]
        resolver.networks = lambda: [self._networks[one] for one in members if one in self._networks]
        resolver.forwarder.servers = message["servers"]
        resolver.own = message.get("own") or {}

    def _alive(self, name: str, fds: list[int]) -> None:
        if name in self._resolvers and fds:
            pidfd = self._pidfds[name] = fds.pop(0)
            self._loop.watch(pidfd, IN, lambda _: self._forget(name))

    def _forget(self, name: str) -> None:
        resolver = self._resolvers.pop(name, None)
        self._members.pop(name, None)
        if resolver is not None:
            resolver.close()
        pidfd = self._pidfds.pop(name, -1)
        if pidfd >= 0:
            self._loop.forget(pidfd)
            os.close(pidfd)

    def _wake(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            self._loop.after(_SWEEP, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = False
        now = time.monotonic()
        for resolver in tuple(self._resolvers.values()):
            if not resolver.idle:
                resolver.expire(now)
                if not resolver.idle:
                    self._wake()


def main() -> None:
    """The process's entry: `… <listener fd>`; network/dns/process.py alone starts it."""
    kernel.set_name("boxship-dns")
    _signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    # Each question under way has a socket: many containers need more than the usual 1024.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    Server(_socket.socket(fileno=int(sys.argv[1]))).run()
