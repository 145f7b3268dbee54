"""The container's first process, and a process that joins it: from the fork to the program.

Everything runs in a fresh fork of the monitor. What fails is told through the report pipe as JSON, which closes on
exec: no message means that the program runs. Order of the last steps: runc's, since each takes away what an earlier
one needs.
"""

from __future__ import annotations

import errno
import os
import sys

from boxship.kernel import process as kernel
from boxship.kernel.cgroup import Cgroup, detect
from boxship.kernel.scheduling import cpu_list
from boxship.lib.plainjson import decode, encode
from boxship.shim.attributes import raise_limits, set_oom_score, set_priorities
from boxship.shim.become import Filter, Stdio, become, open_labels, read_program, set_stdio
from boxship.shim.builder import Builder
from boxship.shim.enter import join_cgroups, join_cgroups_of, join_namespace, make_cgroups
from boxship.shim.failure import Failed, step
from boxship.shim.pty import open_pty
from boxship.shim.steps import run_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.gate import Gate
    from boxship.shim.guard import Guard

# Namespaces that an exec enters by the container's pidfd; the pid namespace comes with the fork.
EXEC_NAMESPACES = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
)


class Prepared:
    """What was done before the first process entered its user namespace (shim/stage.py).

    cgroups: as Cgroup.folders; sources: mounts by the number that their steps know; joined: CLONE_NEW* of namespaces
    that it is in already.
    """

    __slots__ = ("cgroups", "joined", "seccomp", "sources")

    def __init__(
        self, cgroups: list[tuple[str, str]], sources: dict[int, int], seccomp: Filter | None, joined: list[int]
    ) -> None:
        self.cgroups = cgroups
        self.sources = sources
        self.seccomp = seccomp
        self.joined = joined


def init(plan_path: str, stdio: Stdio, report: int, gate: Gate | None = None) -> None:
    """Become the container's first process. Never returns.

    gate: where to wait before the program, and who runs hooks; None to go on. The plan is read and the control group
    made here and not in the monitor: what this process allocates is gone at exec, what a monitor allocates stays as
    long as the container.
    """
    try:
        prepare()
        plan = decode(step("read the plan", plan_path, read_file, plan_path))
        cgroups = make_cgroups(plan["cgroup"])
        join_cgroups(cgroups)
        process = plan["process"]
        set_oom_score(process.get("oomScoreAdj"))
        if "scheduler" in process or "ioPriority" in process:
            set_priorities(process)
        prepared = Prepared(cgroups, {}, read_program(process), [kernel.CLONE_NEWPID])
        _build(plan, prepared, stdio, report, gate)
    except BaseException as error:
        _tell(report, "start", error)
    finally:
        # Whatever happens: a child that went back to its caller would be a second monitor.
        os._exit(1)


def init_prepared(plan: dict[str, Any], prepared: Prepared, stdio: Stdio, report: int, gate: Gate | None) -> None:
    """The same from inside a user namespace whose ids are mapped. Never returns."""
    try:
        # The handlers came over from the process between; its session did, too.
        prepare()
        _be_root(plan["staged"]["user"])
        _build(plan, prepared, stdio, report, gate)
    except BaseException as error:
        _tell(report, "start", error)
    finally:
        os._exit(1)


def _build(plan: dict[str, Any], prepared: Prepared, stdio: Stdio, report: int, gate: Gate | None) -> None:
    for flag, path in plan["join"]:
        if flag not in prepared.joined:
            step("join namespace", path, join_namespace, path, flag)
    process = plan["process"]
    labels = open_labels(process)
    builder = Builder(prepared.cgroups, stdio.console)
    builder.size = stdio.size
    builder.sources = prepared.sources
    if gate is not None:
        gate.forked()
        builder.gate = gate
    # What the steps make has the mode they say.
    os.umask(0)
    total = len(plan["steps"])
    for index, (name, arguments) in enumerate(plan["steps"], 1):
        where = arguments.get("target") or arguments.get("path") or arguments.get("key") or ""
        label = f"{name} (step {index} of {total})"
        step(label, where, run_step, builder, name, arguments)
    os.umask(0o022)
    set_stdio(stdio, builder.slave_fd)
    become(process, prepared.seccomp, labels, report, gate)


def _be_root(user: dict[str, Any] | None) -> None:
    if not user:
        return
    # An id that has no mapping can't be taken; what needs one then says so itself.
    for take in (os.setresgid, os.setresuid):
        try:
            take(0, 0, 0)
        except OSError:
            pass


def join(
    process: dict[str, Any],
    pidfd: int,
    cgroup: str,
    stdio: Stdio,
    report: int,
    more: int = 0,
    guard: Guard | None = None,
) -> None:
    """Become a process of a running container (docker exec) whose control group is `cgroup`. Never returns.

    more: CLONE_NEW* of namespaces beyond EXEC_NAMESPACES that the container has of its own. guard: the way in where
    its processes may trace others; the caller is outside of its pid namespace then.
    """
    try:
        prepare()
        affinity = process.get("execCPUAffinity") or {}
        if affinity.get("initial"):
            _stay_on(affinity["initial"])
        if cgroup:
            _join_group(Cgroup(cgroup, detect()), pidfd)
        if affinity.get("final"):
            _stay_on(affinity["final"])
        set_oom_score(process.get("oomScoreAdj"))
        seccomp = read_program(process)
        labels = open_labels(process)
        if "scheduler" in process or "ioPriority" in process:
            set_priorities(process)
        if more & kernel.CLONE_NEWUSER:
            raise_limits(process.get("rlimits") or [])
        if guard is not None:
            # For whom it clones.
            more |= kernel.CLONE_NEWPID
        step("enter the container's namespaces", "", kernel.setns, pidfd, EXEC_NAMESPACES | more)
        if more & kernel.CLONE_NEWUSER:
            _be_root(process)
        slave = -1
        if stdio.console is not None:
            root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            slave = step("open a terminal", "/dev/pts/ptmx", open_pty, root, stdio.size, stdio.console)
            os.close(root)
        set_stdio(stdio, slave, control=guard is None)
        become(process, seccomp, labels, report, None, guard)
    except BaseException as error:
        _tell(report, "exec", error)
    finally:
        os._exit(1)


def _join_group(group: Cgroup, pidfd: int) -> None:
    try:
        join_cgroups(group.folders)
    except Failed as failed:
        if group.layout.version != 2 or failed.report["errno"] not in (errno.EBUSY, errno.EOPNOTSUPP):
            raise
        # The container has split its group up (a systemd or an engine in it): nobody may live beside groups with
        # controllers. Where its first process has gone, this one may.
        join_cgroups_of(pidfd)


def _stay_on(cpus: str) -> None:
    try:
        os.sched_setaffinity(0, cpu_list(cpus))
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        text = f"execCPUAffinity {cpus!r}: {reason}"
        raise Failed("execCPUAffinity", getattr(error, "errno", 0) or errno.EINVAL, "", text) from None


def prepare() -> None:
    """Get a fresh fork ready for what it is going to be: alone, with nothing of the host's to hand on."""
    # From here on the image's files may come into reach.
    import_nothing()
    # The container's processes must not trace or read this one before exec.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.reset_signals()
    os.setsid()
    os.umask(0o022)


# What a process could once import from.
_given_up: list[Any] = []


def import_nothing() -> None:
    """From now on this process imports no file, whatever asks for it."""
    # Held and not emptied: to take the finders apart is work, and each page it touches is one to copy.
    _given_up[:] = sys.path, sys.meta_path, sys.path_hooks
    sys.path, sys.meta_path, sys.path_hooks = [], [], []


def read_file(path: str) -> bytes:
    """A file's whole content."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def _tell(report: int, name: str, error: BaseException) -> None:
    """Report a failure. name: of the step, for what is none of a step's own."""
    if isinstance(error, Failed):
        message = error.report
    else:
        message = {"step": name, "errno": 0, "path": "", "message": f"{type(error).__name__}: {error}"}
    try:
        os.write(report, encode(message))
    except OSError:
        # The monitor is gone; the exit status is all that is left.
        pass
