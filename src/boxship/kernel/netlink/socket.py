"""A netlink socket: requests go out together, their answers come back in order."""

from __future__ import annotations

import _socket
import errno
import os

from boxship.kernel.netlink.message import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    Message,
    Request,
    messages,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12

_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12
_BUFFER = 1 << 17
# The kernel gives back what fits its queue: more requests than that at once would lose answers.
_AT_ONCE = 64
_TRIES = 8


class NetlinkError(OSError):
    """A request that the kernel refused. The message names what was asked."""


class NetlinkSocket:
    """One socket in the network namespace of the thread that makes it, wherever it is used later.

    Not for two threads at once.
    """

    def __init__(self, family: int = NETLINK_ROUTE) -> None:
        """OSError when there is no such family in this kernel."""
        self._socket = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, family)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        try:
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)
        except OSError:
            # Before Linux 4.20: dumps are then not filtered, and callers look themselves.
            pass
        self._socket.bind((0, 0))
        self._sequence = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> NetlinkSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, *requests: Request) -> None:
        """Carry the requests out in order. NetlinkError for the first one that fails; those after it in the same
        sixty-four have been tried, too: netlink has no transactions but nftables'.
        """
        for start in range(0, len(requests), _AT_ONCE):
            self._run(requests[start : start + _AT_ONCE])

    def results(self, *requests: Request) -> list[int]:
        """Carry the requests out in order; the errno of each, 0 for those that came off."""
        codes: list[int] = []
        for start in range(0, len(requests), _AT_ONCE):
            codes += self._results(requests[start : start + _AT_ONCE])
        return codes

    def dump(self, request: Request) -> list[Message]:
        """All objects that a request of the GET kind names. Asked again when they changed meanwhile."""
        for _ in range(_TRIES):
            found, torn = self._dump(request)
            if not torn:
                return found
        raise NetlinkError(errno.EINTR, f"{request.what}: the list changes all the time")

    def get(self, request: Request) -> Message | None:
        """The one object that a request of the GET kind names; None when it is not there. NetlinkError."""
        first = self._send([request], 0)
        while True:
            for message in self._receive():
                if message.sequence != first:
                    continue
                if message.type != NLMSG_ERROR:
                    return message
                if message.error in (errno.ENODEV, errno.ENOENT, errno.ESRCH):
                    return None
                raise _refused(request, message.error)

    def _run(self, requests: Sequence[Request]) -> None:
        for request, code in zip(requests, self._results(requests), strict=True):
            if code:
                raise _refused(request, code)

    def _results(self, requests: Sequence[Request]) -> list[int]:
        first = self._send(requests, NLM_F_ACK)
        codes: dict[int, int] = {}
        while len(codes) < len(requests):
            for message in self._receive():
                if message.type == NLMSG_ERROR and first <= message.sequence < first + len(requests):
                    codes[message.sequence - first] = message.error
        return [codes[index] for index in range(len(requests))]

    def _dump(self, request: Request) -> tuple[list[Message], bool]:
        first = self._send([request], NLM_F_DUMP)
        found: list[Message] = []
        torn = False
        while True:
            for message in self._receive():
                if message.sequence != first:
                    continue
                torn = torn or bool(message.flags & NLM_F_DUMP_INTR)
                if message.type == NLMSG_DONE:
                    return found, torn
                if message.type == NLMSG_ERROR:
                    raise _refused(request, message.error)
                found.append(message)

    def _send(self, requests: Sequence[Request], flags: int) -> int:
        first = self._sequence + 1
        self._sequence += len(requests)
        data = bytearray()
        for number, request in enumerate(requests, first):
            request.flags |= flags
            data += request.encode(number)
        self._socket.send(data)
        return first

    def _receive(self) -> list[Message]:
        return list(messages(self._socket.recv(_BUFFER)))


def _refused(request: Request, code: int) -> NetlinkError:
    what = request.what or f"netlink request {request.type}"
    return NetlinkError(code, f"{what}: {os.strerror(code)}")
