"""The container's first process, and a process that joins it: from the fork to the program.

Everything runs in a fresh fork of the monitor. What fails is told through the report pipe as JSON, which closes on
exec: no message means that the program runs. Order of the last steps: runc's, since each takes away what an earlier
one needs.
"""

from __future__ import annotations

import _socket
import errno
import fcntl
import os
import resource
import stat
import sys
import termios

from boxship.kernel import process as kernel
from boxship.kernel.cgroup import Cgroup, detect
from boxship.kernel.inroot import is_null, open_in_root
from boxship.kernel.label import ExecLabel, open_exec_labels
from boxship.kernel.seccomp import load_program
from boxship.lib.errors import BoxshipError
from boxship.lib.plainjson import decode, encode
from boxship.shim.builder import Builder
from boxship.shim.failure import Failed
from boxship.shim.pty import open_pty
from boxship.shim.steps import run_step
from boxship.shim.user import Identity, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OWN_EXECUTABLE = (lambda status: (status.st_dev, status.st_ino))(os.stat("/proc/self/exe"))
# Namespaces that an exec enters by the container's pidfd; the pid namespace comes with the fork.
EXEC_NAMESPACES = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
)


class Stdio:
    """The child's ends: file descriptors for 0, 1, 2, or a socket that takes the pty's master.

    fds: -1 stands for the container's own /dev/null. size: (rows, columns) of the terminal, (0, 0) to leave it.
    """

    __slots__ = ("console", "fds", "size")

    def __init__(self, fds: tuple[int, int, int], console: _socket.socket | None, size: tuple[int, int]) -> None:
        self.fds = fds
        self.console = console
        self.size = size


def init(plan_path: str, stdio: Stdio, report: int) -> None:
    """Become the container's first process. Never returns.

    The plan is read and the control group made here and not in the monitor: what this process allocates is gone at
    exec, what a monitor allocates stays as long as the container.
    """
    try:
        _prepare()
        plan = decode(_step("read the plan", plan_path, _read, plan_path))
        cgroups = _make_cgroups(plan["cgroup"])
        _join_cgroups(cgroups)
        for flag, path in plan["join"]:
            if flag != kernel.CLONE_NEWPID:
                _step("join namespace", path, _join, path, flag)
        process = plan["process"]
        _oom_score(process.get("oomScoreAdj"))
        seccomp = _read_program(process)
        labels = _labels(process)
        builder = Builder(cgroups, stdio.console)
        builder.size = stdio.size
        # What the steps make has the mode they say.
        os.umask(0)
        total = len(plan["steps"])
        for index, (name, arguments) in enumerate(plan["steps"], 1):
            where = arguments.get("target") or arguments.get("path") or arguments.get("key") or ""
            label = f"{name} (step {index} of {total})"
            _step(label, where, run_step, builder, name, arguments)
        os.umask(0o022)
        _stdio(stdio, builder.slave_fd)
        _become(process, seccomp, labels)
    except Failed as failed:
        _tell(report, failed.report)
    except BaseException as error:
        _tell(report, {"step": "start", "errno": 0, "path": "", "message": f"{type(error).__name__}: {error}"})
    finally:
        # Whatever happens: a child that went back to its caller would be a second monitor.
        os._exit(1)


def join(process: dict[str, Any], pidfd: int, cgroup: str, stdio: Stdio, report: int) -> None:
    """Become a process of a running container (docker exec) whose control group is `cgroup`. Never returns."""
    try:
        _prepare()
        if cgroup:
            _join_cgroups(Cgroup(cgroup, detect()).folders)
        _oom_score(process.get("oomScoreAdj"))
        seccomp = _read_program(process)
        labels = _labels(process)
        _step("enter the container's namespaces", "", kernel.setns, pidfd, EXEC_NAMESPACES)
        slave = -1
        if stdio.console is not None:
            root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            slave = _step("open a terminal", "/dev/pts/ptmx", open_pty, root, stdio.size, stdio.console)
            os.close(root)
        _stdio(stdio, slave)
        _become(process, seccomp, labels)
    except Failed as failed:
        _tell(report, failed.report)
    except BaseException as error:
        _tell(report, {"step": "exec", "errno": 0, "path": "", "message": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(1)


def _prepare() -> None:
    # From here on the image's files may come into reach: nothing may be imported any more.
    sys.path.clear()
    sys.meta_path.clear()
    sys.path_hooks.clear()
    # The container's processes must not trace or read this one before exec.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.reset_signals()
    os.setsid()
    os.umask(0o022)


def _step(name: str, path: str, function: Any, *values: Any) -> Any:
    try:
        return function(*values)
    except OSError as error:
        text = error.strerror or str(error)
        raise Failed(name, error.errno or 0, path, f"{name}{' at ' + path if path else ''}: {text}") from None


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def _make_cgroups(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    if not wanted["path"]:
        return []
    try:
        return Cgroup.create(wanted["path"], wanted["resources"]).folders
    except OSError as error:
        path = error.filename or wanted["path"]
        text = f"set up the control group at {path}: {error.strerror or error}"
        raise Failed("cgroup", error.errno or 0, str(path), text) from None
    except BoxshipError as error:
        raise Failed("cgroup", errno.EINVAL, wanted["path"], error.message) from None


def _join_cgroups(cgroups: list[tuple[str, str]]) -> None:
    for _, folder in cgroups:
        # v1 by `tasks`, from inside: writing cgroup.procs, or another's pid, waits for an RCU period (10 ms).
        for name in ("tasks", "cgroup.procs"):
            try:
                fd = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                _step("join cgroup", folder, os.write, fd, b"0")
            finally:
                os.close(fd)
            break
        else:
            raise Failed("join cgroup", errno.ENOENT, folder, f"join cgroup at {folder}: it is gone")


def _join(path: str, flag: int) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.setns(fd, flag)
    finally:
        os.close(fd)


def _oom_score(value: int | None) -> None:
    if value is None:
        return
    fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    try:
        if int(os.read(fd, 32)) != value:
            _step("write oom_score_adj", "/proc/self/oom_score_adj", os.write, fd, str(value).encode())
    finally:
        os.close(fd)


def _read_program(process: dict[str, Any]) -> bytes:
    path = process.get("seccompProgram")
    if not path:
        return b""
    fd = _step("read the seccomp filter", path, os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 1 << 20)
    finally:
        os.close(fd)


def _labels(process: dict[str, Any]) -> list[ExecLabel]:
    # While /proc is the host's.
    apparmor, selinux = process.get("apparmorProfile") or "", process.get("selinuxLabel") or ""
    return _step("open the security label", "", open_exec_labels, apparmor, selinux) if apparmor or selinux else []


def _stdio(stdio: Stdio, slave: int) -> None:
    if slave >= 0:
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
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


def _become(process: dict[str, Any], seccomp: bytes, labels: list[ExecLabel]) -> None:
    user = process.get("user") or {}
    named = "username" in user
    identity = _identity(user, process.get("groups") or [], named)
    environment = _environment(process.get("env") or [], identity.home, named)
    cwd = process.get("cwd") or "/"
    # With root's rights first, as runc: a user may be put where it could not go itself. Where even root may not (NFS,
    # FUSE), the user tries.
    inside = _change_folder(cwd, patient=True)
    _limits(process.get("rlimits") or [])
    kernel.close_on_exec_from(3)
    try:
        kernel.join_new_session_keyring()
    except OSError as error:
        # No keyrings in this kernel, or none allowed to us and so to the container. Without a new one for another
        # reason, such as a quota, it would keep the host's.
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise Failed("keyring", error.errno or 0, "", f"join a new session keyring: {error.strerror}") from None
    for fd in (0, 1, 2):
        _own(fd, identity.uid)
    for label in labels:
        # Before the capabilities go and before no_new_privs, which would let a profile only narrow.
        _step("set the security label", "", label.apply)
    no_new_privileges = bool(process.get("noNewPrivileges"))
    if seccomp and not no_new_privileges:
        _step("load the seccomp filter", "", load_program, seccomp)
    capabilities = process.get("capabilities") or {}
    masks = {name: kernel.capability_mask(values or []) for name, values in capabilities.items()}
    _credentials(identity, masks, named)
    if not inside:
        _change_folder(cwd)
    if no_new_privileges:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if seccomp:
            _step("load the seccomp filter", "", load_program, seccomp)
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
            text = f"error setting rlimits for ready process: error setting rlimit {limit['type']}: {_reason(error)}"
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
    kernel.set_capabilities(effective, permitted, masks.get("inheritable", 0) & have)
    kernel.set_ambient(masks.get("ambient", 0) & permitted)


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


def _tell(report: int, message: dict[str, Any]) -> None:
    try:
        os.write(report, encode(message))
    except OSError:
        # The monitor is gone; the exit status is all that is left.
        pass
