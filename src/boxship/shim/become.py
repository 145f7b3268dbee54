"""The last stretch before the program: streams, credentials, limits, exec.

Order as runc's, since each step takes away what an earlier one needs.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import resource
import stat
import termios

from boxship.kernel import process as kernel
from boxship.kernel.inroot import is_null, open_in_root
from boxship.kernel.label import ExecLabel, open_exec_labels
from boxship.kernel.scheduling import set_personality
from boxship.kernel.seccomp import load_program
from boxship.lib.plainjson import encode
from boxship.shim.failure import Failed, step
from boxship.shim.user import Identity, resolve
from boxship.shim.wire import send_packet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.gate import Gate
    from boxship.shim.guard import Guard

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OWN_EXECUTABLE = (lambda status: (status.st_dev, status.st_ino))(os.stat("/proc/self/exe"))


class Stdio:
    """The child's ends: file descriptors for 0, 1, 2, or a socket that takes the pty's master.

    fds: -1 stands for the container's own /dev/null. size: (rows, columns) of the terminal, (0, 0) to leave it.
    """

    __slots__ = ("console", "fds", "size")

    def __init__(self, fds: tuple[int, int, int], console: _socket.socket | None, size: tuple[int, int]) -> None:
        self.fds = fds
        self.console = console
        self.size = size


class Filter:
    """A compiled seccomp filter, and the connection to the supervisor that its calls go to, None for none."""

    __slots__ = ("_listener", "_message", "_program")

    def __init__(self, program: bytes, listener: dict[str, Any] | None) -> None:
        """listener: path, metadata and state of `process.seccompListener`; the path is one of the host's. OSError."""
        self._program = program
        self._listener: _socket.socket | None = None
        self._message = b""
        if not listener:
            return
        self._listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self._listener.connect(listener["path"])
        state = listener["state"]
        # As the runtime sees it: this process may already be in a pid namespace, but /proc is still the host's.
        pid = int(os.readlink("/proc/self"))
        self._message = encode(
            {
                "ociVersion": state["ociVersion"],
                "fds": ["seccompFd"],
                "pid": pid,
                "metadata": listener["metadata"],
                "state": {**state, "pid": state["pid"] or pid},
            }
        )

    def load(self) -> None:
        """Confine this process. OSError."""
        notify = load_program(self._program)
        if self._listener is not None and notify >= 0:
            send_packet(self._listener, self._message, [notify])
            self._listener.close()
            os.close(notify)


def read_program(process: dict[str, Any]) -> Filter | None:
    """The filter of `process.seccompProgram`, None for none. Failed."""
    path = process.get("seccompProgram")
    if not path:
        return None
    fd = step("read the seccomp filter", path, os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        program = os.read(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)
    listener = process.get("seccompListener")
    where = listener["path"] if listener else ""
    filter_: Filter = step("connect to the seccomp listener", where, Filter, program, listener)
    return filter_


def open_labels(process: dict[str, Any]) -> list[ExecLabel]:
    """The labels that the process asks for. Failed."""
    # While /proc is the host's.
    apparmor, selinux = process.get("apparmorProfile") or "", process.get("selinuxLabel") or ""
    return step("open the security label", "", open_exec_labels, apparmor, selinux) if apparmor or selinux else []


def set_stdio(stdio: Stdio, slave: int, *, control: bool = True) -> None:
    """Put the streams on 0, 1 and 2; slave: a terminal instead, -1 for none; control: make it the controlling one."""
    if slave >= 0:
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        if control:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        return
    # The ends may themselves have low numbers: move them up before they are overwritten.
    ends = [fcntl.fcntl(fd if fd >= 0 else _null(), fcntl.F_DUPFD_CLOEXEC, 10) for fd in stdio.fds]
    for fd, end in enumerate(ends):
        os.dup2(end, fd)


def _null() -> int:
    """The container's /dev/null; where it has none, a pipe that is at its end."""
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A fifo or a terminal in its place must neither block nor become the controlling one.
        fd = open_in_root(root, "/dev/null", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        if is_null(fd):
            os.set_blocking(fd, True)
            return fd
        os.close(fd)
    except OSError:
        # No /dev, or nothing there that opens.
        pass
    finally:
        os.close(root)
    fd, end = os.pipe2(os.O_CLOEXEC)
    os.close(end)
    return fd


def become(
    process: dict[str, Any],
    seccomp: Filter | None,
    labels: list[ExecLabel],
    report: int,
    gate: Gate | None,
    guard: Guard | None = None,
) -> None:
    """From the container's root to its program. Returns never; Failed when it can't."""
    user = process.get("user") or {}
    named = "username" in user
    identity = _identity(user, process.get("groups") or [], named)
    environment = _environment(process.get("env") or [], identity.home, named)
    cwd = process.get("cwd") or "/"
    # With root's rights first, as runc: a user may be put where it could not go itself. Where even root may not (NFS,
    # FUSE), the user tries.
    inside = _change_folder(cwd, patient=True)
    _limits(process.get("rlimits") or [])
    kernel.close_on_exec_from(3 + process.get("preserveFds", 0))
    try:
        if not process.get("keepKeyring"):
            kernel.join_new_session_keyring()
    except OSError as error:
        # No keyrings in this kernel, or none allowed to us and so to the container. Without a new one for another
        # reason, such as a quota, it would keep the host's.
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise Failed("keyring", error.errno or 0, "", f"join a new session keyring: {error.strerror}") from None
    for fd in (0, 1, 2):
        _own(fd, identity.uid)
    if gate is not None:
        if "args" in process:
            # A program that is not there is told by `create`, not by `start`.
            find_program(process["args"][0], environment.get("PATH", DEFAULT_PATH))
        gate.wait(report)
    for label in labels:
        # Before the capabilities go and before no_new_privs, which would let a profile only narrow.
        step("set the security label", "", label.apply)
    no_new_privileges = bool(process.get("noNewPrivileges"))
    if seccomp and not no_new_privileges:
        step("load the seccomp filter", "", seccomp.load)
    capabilities = process.get("capabilities") or {}
    masks = {name: kernel.capability_mask(values or []) for name, values in capabilities.items()}
    _credentials(identity, masks, named)
    if not inside:
        _change_folder(cwd)
    if no_new_privileges:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if seccomp:
            step("load the seccomp filter", "", seccomp.load)
    if "personality" in process:
        step("set the personality", "", set_personality, process["personality"])
    os.umask(user.get("umask", 0o022))
    if gate is not None and process.get("startHooks"):
        gate.hooks("startContainer", process["startHooks"])
    if guard is not None:
        step("enter the container's pid namespace", "", guard.go_in, report)
    _execute(process["args"], environment)


def _change_folder(cwd: str, *, patient: bool = False) -> bool:
    """Go to the working folder; False when permission lacks and the caller is patient.

    Never through a link of /proc that leads to an open descriptor: those of this process are the host's.
    """
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        folder = open_in_root(root, cwd, os.O_PATH | os.O_DIRECTORY)
        os.fchdir(folder)
        os.close(folder)
    except OSError as error:
        if patient and error.errno == errno.EACCES:
            return False
        reason = os.strerror(error.errno or 0).lower()
        text = f'chdir to cwd ("{cwd}") set in config.json failed: {reason}'
        raise Failed("chdir", error.errno or 0, cwd, text) from None
    finally:
        os.close(root)
    return True


def _identity(user: dict[str, Any], groups: list[str], named: bool) -> Identity:
    if named:
        try:
            return resolve(user["username"], groups)
        except ValueError as error:
            raise Failed("user", errno.EINVAL, user["username"], str(error)) from None
    gid = user.get("gid", 0)
    return Identity(user.get("uid", 0), gid, user.get("additionalGids") or [], "")


def _environment(pairs: list[str], home: str, named: bool) -> dict[str, str]:
    environment = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        environment[name] = value
    if named and "HOME" not in environment:
        environment["HOME"] = home or "/"
    return environment


def _limits(limits: list[dict[str, Any]]) -> None:
    for limit in limits:
        number = getattr(resource, limit["type"], None)
        if number is None:
            raise Failed("rlimit", errno.EINVAL, limit["type"], f"unknown resource limit {limit['type']}")
        soft, hard = (_limit(limit[name]) for name in ("soft", "hard"))
        try:
            resource.setrlimit(number, (soft, hard))
        except (OSError, ValueError) as error:
            # The interpreter turns EPERM into a ValueError.
            text = f"error setting rlimits for ready process: error setting rlimit type {number}: {_reason(error)}"
            raise Failed("rlimit", errno.EPERM, limit["type"], text) from None


def _limit(value: int) -> int:
    # -1, or the same as unsigned, is "no limit".
    return resource.RLIM_INFINITY if value in (-1, (1 << 64) - 1) else value


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return os.strerror(error.errno or 0).lower()
    return "operation not permitted" if "allowed" in str(error) else "invalid argument"


def _own(fd: int, uid: int) -> None:
    # A program that drops to another user must still be able to open /dev/stdout again.
    status = os.fstat(fd)
    if status.st_uid == uid or status.st_rdev == os.makedev(1, 3):
        return
    try:
        os.fchown(fd, uid, -1)
    except OSError:
        # Read-only or foreign files: runc lets those be, too.
        pass


def _credentials(identity: Identity, masks: dict[str, int], named: bool) -> None:
    have = kernel.permitted_mask()
    # What the spec does not name is not given: no capabilities at all when it has none of these sets.
    kernel.drop_bounding(masks.get("bounding", 0))
    kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
    os.setgroups(identity.groups)
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
    kernel.prctl(kernel.PR_SET_KEEPCAPS, 0)
    if named and identity.uid != 0:
        # Docker gives a non-root user the bounding set only: what a setuid or capability-bearing file may regain.
        kernel.set_capabilities(0, 0, masks.get("inheritable", 0) & have)
        kernel.set_ambient(0)
        return
    permitted = masks.get("permitted", 0) & have
    effective = masks.get("effective", 0) & permitted
    inheritable = masks.get("inheritable", 0) & have
    kernel.set_capabilities(effective, permitted, inheritable)
    # What is not inheritable can't be ambient; a spec that asks for it gets the rest, as from runc.
    kernel.set_ambient(masks.get("ambient", 0) & permitted & inheritable)


def _execute(arguments: list[str], environment: dict[str, str]) -> None:
    name = arguments[0]
    path = find_program(name, environment.get("PATH", DEFAULT_PATH))
    try:
        os.execve(path, arguments, environment)
    except OSError as error:
        # Past the last point of report, as in runc: the program was found, so the container counts as started.
        os.write(2, f"exec {path}: {os.strerror(error.errno or 0).lower()}\n".encode())
        os._exit(255)


def find_program(name: str, path: str) -> str:
    """The file that `name` means, as execvp(3) searches it. Failed with Docker's wording when there is none."""
    if "/" in name:
        problem = _why_not_executable(name)
        if problem:
            code, text = problem
            text = f"stat {name}: {text}" if code == errno.ENOENT else text
            raise Failed("exec", code, name, f'exec: "{name}": {text}')
        return name
    for folder in path.split(":"):
        candidate = f"{folder or '.'}/{name}"
        if name and _why_not_executable(candidate) is None:
            return candidate
    raise Failed("exec", errno.ENOENT, name, f'exec: "{name}": executable file not found in $PATH')


def _why_not_executable(path: str) -> tuple[int, str] | None:
    try:
        status = os.stat(path)
    except OSError as error:
        code = error.errno or 0
        return code, os.strerror(code).lower()
    if stat.S_ISDIR(status.st_mode):
        return errno.EACCES, "is a directory: permission denied"
    if (status.st_dev, status.st_ino) == _OWN_EXECUTABLE:
        # `/proc/self/exe` as a program would run the host's interpreter.
        return errno.ENOENT, "no such file or directory"
    if not status.st_mode & 0o111:
        return errno.EACCES, "permission denied"
    return None
