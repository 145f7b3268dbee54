"""Between the halves of an OCI runtime's work: `create` leaves a container's first process here, `start` lets it go.

The process holds a listening socket of the container's folder. Whoever connects is `start`; on that connection it hears
of what still fails, and sees it close when the program runs.
"""

from __future__ import annotations

import _socket
import os

from boxship.lib.plainjson import decode, encode
from boxship.shim import wire
from boxship.shim.failure import Failed
from boxship.shim.hooks import HookFailed, run_hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Messages of the waiting process to `create`.
HOOKS = {"ready": "hooks"}
CREATED = {"ready": "created"}


class Gate:
    """The waiting side. channel: to `create`; listener: where `start` will connect."""

    def __init__(
        self, channel: _socket.socket, other_end: _socket.socket, listener: _socket.socket, state: dict[str, Any]
    ) -> None:
        """other_end: of the channel, `create`'s; state: the container's, for hooks that run in its namespaces."""
        self._channel = channel
        self._other_end = other_end
        self._listener = listener
        self._state = state

    def forked(self) -> None:
        """In the waiting process: let go of the other end, so that its close is seen."""
        self._other_end.close()

    def runtime_hooks(self) -> None:
        """Have `create` run the hooks that belong into its own namespaces, and wait for them."""
        wire.send(self._channel, HOOKS)
        if wire.receive(self._channel) is None:
            # One failed: it says so itself, and there is nothing to report.
            os._exit(1)

    def hooks(self, stage: str, hooks: list[dict[str, Any]]) -> None:
        """Run hooks here. Failed names the stage and the hook."""
        # The pid as the container sees it. Both stages come before the program: the container is not running yet.
        status = "creating" if stage == "createContainer" else "created"
        try:
            run_hooks(hooks, encode({**self._state, "status": status, "pid": os.getpid()}))
        except HookFailed as failed:
            raise Failed("hooks", 0, "", f"error running {stage} hook: {failed}") from None

    def wait(self, report: int) -> None:
        """Tell `create` that all is ready, wait for `start`, and make its connection the descriptor `report`."""
        wire.send(self._channel, CREATED)
        connection = wire.accept(self._listener)
        os.dup2(connection.fileno(), report, inheritable=False)
        connection.close()
        self._listener.close()


def read_message(channel: _socket.socket) -> dict[str, Any] | None:
    """The next message of a waiting process: HOOKS, CREATED, or the report of a failure; None when it is gone.

    Or, on the connection of `start`, when its program runs.
    """
    data = channel.recv(1 << 16)
    if not data:
        return None
    message: dict[str, Any] = decode(data)
    return message
