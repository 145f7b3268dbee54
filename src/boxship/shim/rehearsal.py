"""What a monitor does, done a few times in the zygote before the first fork.

The interpreter rewrites code as it warms up and fills caches on first use. Done before the fork, those pages stay
shared; done in each monitor, every one of them pays for its own.
"""

from __future__ import annotations

import _socket
import os

from boxship.lib.logframe import LogTarget
from boxship.shim.control import Control
from boxship.shim.logs.local import LocalLog
from boxship.shim.loop import Loop
from boxship.shim.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The interpreter specialises code after eight calls.
_TIMES = 10


def rehearse(folder: str) -> None:
    """Leaves nothing: no process, no file in `folder`, no descriptor."""
    path = f"{folder}/rehearsal.log"
    for _ in range(_TIMES):
        _once(LogTarget("local", path))
        os.unlink(path)


def _once(log: LogTarget) -> None:
    loop = Loop()
    daemon, link = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    browser, client = _socket.socketpair()
    control = Control(loop, link, "", answer=lambda message, fds: {}, state=dict, lost=loop.stop)
    session = Session(
        loop,
        tty=False,
        open_stdin=True,
        stdin_once=True,
        size=(0, 0),
        log=LocalLog(LogTarget.from_json(log.to_json())),
        spool_folder="/",
        on_detach=loop.stop,
    )
    stdio = session.child_side()
    os.write(stdio.fds[1], b"a line\n")
    attach: dict[str, Any] = {"stdin": True, "stdout": True, "stderr": True}
    session.attach(client, b"", attach)
    session.forked()
    session.read()
    control.tell({"event": "started", "pid": 1, "time": 1})
    daemon.close()
    loop.run()
    session.process_ended()
    session.drop_clients()
    control.drop()
    loop.close()
    browser.close()
