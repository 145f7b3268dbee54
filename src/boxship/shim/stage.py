"""A container's first process by way of a second one, which does what must come before its user namespace.

Once inside, it is nobody on the host: it can't make control groups, map its own ids, raise limits, or open what only
the host's root may see. So a process in between does that, clones the first process as a sibling of its own
(CLONE_PARENT: the caller gets the exit), maps its ids, and ends. Id-mapped mounts take the same way, since their
mapping is read from a user namespace through the host's /proc.
"""

from __future__ import annotations

import os

from boxship.kernel import mount
from boxship.kernel import process as kernel
from boxship.kernel.user_namespace import make_mapped, write_mappings
from boxship.lib.plainjson import decode, encode
from boxship.shim import attributes, child
from boxship.shim.become import Stdio, read_program
from boxship.shim.enter import join_cgroups, join_namespace, make_cgroups
from boxship.shim.failure import Failed, step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.shim.gate import Gate

    Plan = dict[str, Any]


def fork_staged(plan_path: str, stdio: Stdio, report: int, gate: Gate | None = None, group: int = -1) -> int:
    """Start the first process of a plan that has "staged"; its pid. It tells its failures through `report`.

    group: see `fork_with_namespaces`. Failed when it did not come into being.
    """
    pids, pids_end = os.pipe2(os.O_CLOEXEC)
    between = kernel.fork_with_namespaces(0, group)
    if between == 0:
        os.close(pids)
        _between(plan_path, stdio, report, gate, pids_end)
    os.close(pids_end)
    told = b""
    try:
        while piece := os.read(pids, 65536):
            told += piece
    finally:
        os.close(pids)
        os.waitpid(between, 0)
    answer: dict[str, Any] = decode(told) if told else {"pid": 0, "failed": _told("it ended at once")}
    failed = answer["failed"]
    if failed:
        if answer["pid"]:
            # Its ids could not be mapped: it waits for that no longer.
            os.waitpid(answer["pid"], 0)
        raise Failed(failed["step"], failed["errno"], failed["path"], failed["message"])
    pid: int = answer["pid"]
    return pid


def _told(message: str) -> dict[str, Any]:
    return {"step": "start", "errno": 0, "path": "", "message": message}


def _between(plan_path: str, stdio: Stdio, report: int, gate: Gate | None, pids: int) -> None:
    """Never returns."""
    pid = 0
    failed = None
    try:
        plan = decode(step("read the plan", plan_path, child.read_file, plan_path))
        child.prepare()
        prepared = _prepare(plan)
        ready, end = os.pipe2(os.O_CLOEXEC)
        pid = kernel.fork_with_namespaces(plan["namespaces"] | kernel.CLONE_PARENT)
        if pid == 0:
            os.close(end)
            os.close(pids)
            # Closed without a word: whoever was to map the ids has failed, and has said why.
            if not os.read(ready, 1):
                os._exit(1)
            os.close(ready)
            child.init_prepared(plan, prepared, stdio, report, gate)
        user = plan["staged"]["user"]
        if user and not user["path"]:
            step("map the ids", f"/proc/{pid}", write_mappings, pid, user["uid"], user["gid"])
        os.write(end, b"1")
    except Failed as error:
        failed = error.report
    except BaseException as error:
        failed = _told(f"{type(error).__name__}: {error}")
    try:
        os.write(pids, encode({"pid": pid, "failed": failed}))
    finally:
        os._exit(0)


def _prepare(plan: Plan) -> child.Prepared:
    cgroups = make_cgroups(plan["cgroup"])
    join_cgroups(cgroups)
    process = plan["process"]
    attributes.set_oom_score(process.get("oomScoreAdj"))
    attributes.set_priorities(process)
    attributes.raise_limits(process.get("rlimits") or [])
    seccomp = read_program(process)
    sources = _open_sources(plan["staged"]["sources"])
    joined = _join_namespaces(plan)
    return child.Prepared(cgroups, sources, seccomp, joined)


def _open_sources(wanted: list[dict[str, Any]]) -> dict[int, int]:
    namespaces: dict[bytes, int] = {}
    opened = {}
    for number, source in enumerate(wanted):
        path = source.get("source") or source.get("path") or ""
        if source["kind"] == "overlay":
            fd = step("overlay", source["upper"], mount.overlay, source["lower"], source["upper"], source["work"])
        else:
            fd = step("open the mount's source", path, _clone, path, source.get("recursive", True), source["peer"])
        if source["idmap"]:
            step("map the ids of the mount", path, _map, fd, source["idmap"], namespaces)
        opened[number] = fd
    for fd in namespaces.values():
        os.close(fd)
    return opened


def _clone(path: str, recursive: bool, peer: bool) -> int:
    fd = mount.clone_tree(path, recursive=recursive)
    if not peer:
        # The tree that this comes from is still the host's own, shared where systemd runs.
        mount.set_attributes(fd, propagation=mount.MS_SLAVE, recursive=True)
    return fd


def _map(fd: int, idmap: dict[str, Any], namespaces: dict[bytes, int]) -> None:
    key = encode([idmap["uid"], idmap["gid"], idmap.get("path", "")])
    if key not in namespaces:
        if idmap.get("path"):
            namespaces[key] = os.open(idmap["path"], os.O_RDONLY | os.O_CLOEXEC)
        else:
            namespaces[key] = make_mapped(idmap["uid"], idmap["gid"])
    mount.map_ids(fd, namespaces[key], recursive=idmap["recursive"])


def _join_namespaces(plan: Plan) -> list[int]:
    """Enter what the host's root alone may enter, then a user namespace that is there already; which ones."""
    joined = []
    own_user = dict(plan["join"]).get(kernel.CLONE_NEWUSER, "")
    for flag, path in plan["join"]:
        if flag in (kernel.CLONE_NEWUSER, kernel.CLONE_NEWNS):
            continue
        try:
            join_namespace(path, flag)
        except PermissionError:
            # Of a user namespace that is not entered yet.
            continue
        except OSError as error:
            raise Failed("join namespace", error.errno or 0, path, f"join namespace at {path}: {error}") from None
        joined.append(flag)
    if own_user:
        step("join namespace", own_user, join_namespace, own_user, kernel.CLONE_NEWUSER)
        joined.append(kernel.CLONE_NEWUSER)
        late_pid = dict(plan["join"]).get(kernel.CLONE_NEWPID, "")
        if late_pid and kernel.CLONE_NEWPID not in joined:
            step("join namespace", late_pid, join_namespace, late_pid, kernel.CLONE_NEWPID)
    return joined
