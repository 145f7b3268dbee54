"""Calls of an OCI runtime's command line: `RUNTIME --root … create|start|exec|delete`.

Each call has a mount namespace of its own, so that what is mounted for it (the container's root above all) is seen by
nobody else and goes with the call; the container keeps what it has copied into its own namespace.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from _signal import SIGKILL  # type: ignore[import-not-found]

from boxship.kernel import mount
from boxship.kernel import process as kernel
from boxship.lib.plainjson import decode, encode
from boxship.shim.failure import Failed
from boxship.shim.foreign.words import failure_of, last_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boxship.shim.loop import Loop

    Message = dict[str, Any]

_CGROUPS = "/sys/fs/cgroup"
_REPORT_LIMIT = 1 << 20
# Seconds that a call may take. runc reads passwd and group files in the container as they come: a pipe there holds it
# up for good.
PATIENCE = 120.0


class Call:
    """One call that is under way. `failure` once it has ended."""

    def __init__(self, pid: int, report: int, log: str, program: str) -> None:
        self.pid = pid
        self._report = report
        self._log = log
        self._program = program
        self._over = False
        self._timed_out = False
        self._patience = PATIENCE

    def watch(self, loop: Loop, ended: Callable[[int], None], patience: float = PATIENCE) -> int:
        """Run `ended` with the wait status when the call has ended, and end it when it takes too long; its pidfd, the
        loop's own.
        """

        def over(status: int) -> None:
            self._over = True
            ended(status)

        def too_long() -> None:
            if not self._over:
                self._timed_out = True
                os.kill(self.pid, SIGKILL)

        self._patience = patience
        loop.after(patience, too_long)
        return loop.on_end(self.pid, over)

    def failure(self, status: int) -> Message | None:
        """Why it failed, by its wait status, what the child reported before the runtime ran, and the runtime's log;
        None for a success. Once.
        """
        data = os.pread(self._report, _REPORT_LIMIT, 0)
        os.close(self._report)
        text = last_error(_take(self._log))
        self._over = True
        if data:
            reported: Message = decode(data)
            return reported
        if self._timed_out:
            text = f"the runtime did not come to an end within {self._patience:.0f} seconds"
        if status == 0:
            return None
        return failure_of(text or f"the runtime ended with {os.waitstatus_to_exitcode(status)}", self._program)


class Runtime:
    """A runtime's command line for one container."""

    def __init__(self, command: list[str], bundle: str) -> None:
        """command: the runtime's path and the options that every call of it gets; bundle: an absolute path, whose
        last part is the container's id.
        """
        self._command = command
        self._bundle = bundle
        self.container_id = os.path.basename(bundle)

    def begin(
        self,
        name: str,
        words: list[str],
        *,
        program: str = "",
        fds: tuple[int, int, int] | None = None,
        propagates: bool = False,
        prepare: Callable[[], None] | None = None,
    ) -> Call:
        """Start a call. OSError when no process can be made; whatever follows is told by `Call.failure`.

        name: of its files in the bundle; words: what follows the global options; program: what the container is to
        run, for the words of a failure. fds: its standard streams, None for /dev/null and no output. propagates: mounts
        of the container are to be seen outside. prepare: runs in the call's mount namespace before the runtime.
        """
        log = f"{name}.log"
        arguments = [*self._command, "--root", f"{self._bundle}/state", "--log", log, "--log-format", "json", *words]
        report = os.memfd_create("report", os.MFD_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            self._become(arguments, report, fds, propagates, prepare)
        return Call(pid, report, f"{self._bundle}/{log}", program)

    def delete(self) -> None:
        """Remove what the runtime keeps of the container, with the control groups that it made. Waits for it."""
        call = self.begin("delete", ["delete", "--force", self.container_id])
        status = os.waitpid(call.pid, 0)[1]
        call.failure(status)

    def _become(
        self,
        arguments: list[str],
        report: int,
        fds: tuple[int, int, int] | None,
        propagates: bool,
        prepare: Callable[[], None] | None,
    ) -> None:
        """The child: from the fork to the runtime. Never returns."""
        try:
            kernel.reset_signals()
            os.umask(0o022)
            # Relative names: a socket's path may be no longer than 107 bytes.
            os.chdir(self._bundle)
            kernel.unshare(kernel.CLONE_NEWNS)
            if not propagates:
                mount.set_propagation("/", mount.MS_SLAVE | mount.MS_REC)
            _cover_hierarchies()
            if prepare is not None:
                prepare()
            _set_streams(fds)
            kernel.close_on_exec_from(3)
            _execute(arguments)
        except Failed as failed:
            os.write(report, encode(failed.report))
        except OSError as error:
            path = str(error.filename or "")
            text = f"prepare the runtime's call{' at ' + path if path else ''}: {error.strerror or error}"
            os.write(report, encode({"step": "prepare", "errno": error.errno or 0, "path": path, "message": text}))
        except BaseException as error:
            text = f"prepare the runtime's call: {type(error).__name__}: {error}"
            os.write(report, encode({"step": "prepare", "errno": 0, "path": "", "message": text}))
        os._exit(1)


def _execute(arguments: list[str]) -> None:
    path = arguments[0]
    try:
        os.execve(path, arguments, os.environ)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise Failed("runtime", error.errno or 0, path, f"unable to run the OCI runtime {path}: {reason}") from None


def _set_streams(fds: tuple[int, int, int] | None) -> None:
    if fds is None:
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        fds = (null, null, null)
    elif min(fds) < 0:
        null = _null()
        fds = (null if fds[0] < 0 else fds[0], null if fds[1] < 0 else fds[1], null if fds[2] < 0 else fds[2])
    # The ends may themselves have low numbers: move them up before they are overwritten.
    ends = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in fds]
    for fd, end in enumerate(ends):
        os.dup2(end, fd)


def _null() -> int:
    """A null device that nobody else has: whoever holds the host's could change its mode. runc puts the container's
    own in its place, crun hands it on.
    """
    folder = mount.mount_filesystem("tmpfs", [("source", "tmpfs"), ("mode", "700")])
    try:
        os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3), dir_fd=folder)
        return os.open("null", os.O_RDWR | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def make_private(path: str) -> None:
    """Keep what is mounted at and below `path` from the peers of the mount that holds it. OSError."""
    while True:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            mount.set_attributes(fd, propagation=mount.MS_PRIVATE)
            return
        except OSError as error:
            # EINVAL: not the root of a mount, so its parent may be.
            if error.errno != errno.EINVAL or path == "/":
                raise
        finally:
            os.close(fd)
        path = os.path.dirname(path)


def _cover_hierarchies() -> None:
    """crun joins every v1 hierarchy of /proc/self/cgroup. Where one is mounted elsewhere only (in another mount
    namespace), crun would make its group in the tmpfs that holds the mounts, for good: it gets a tmpfs to throw away.
    """
    try:
        below = os.stat(_CGROUPS).st_dev
        with open("/proc/self/cgroup", "rb", buffering=0) as file:
            lines = file.readall().decode().splitlines()
    except OSError:
        return
    for line in lines:
        names = line.split(":")[1]
        folder = f"{_CGROUPS}/{names.removeprefix('name=')}"
        if not names or not os.path.isdir(folder) or os.stat(folder).st_dev != below:
            continue
        make_private(_CGROUPS)
        place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            mount.move(mount.mount_filesystem("tmpfs", [("source", "tmpfs")]), place)
        finally:
            os.close(place)


def _take(path: str) -> str:
    """The content of a file that then goes; "" when there is none."""
    try:
        with open(path, "rb", buffering=0) as file:
            data: bytes = file.read(_REPORT_LIMIT) or b""
        os.unlink(path)
    except OSError:
        return ""
    return data.decode("utf-8", "replace")
