"""A container's files as `docker cp` sees them: the root with what was asked to be mounted, and nothing else.

A worker makes the view in a mount namespace of its own and goes into it for good. Of a running container it is a copy
of the root's mount and of the asked mounts, taken in the container's own mount namespace: no /proc, no /sys, no /dev
of the container, since copies have no business there. Of a container at rest it is its overlay, mounted for this worker
alone; a worker that only reads gets an overlay with a throw-away top, so that neither it nor a start beside it can
disturb the other: an upperdir is never mounted twice.
"""

from __future__ import annotations

import os
import stat

from boxship.kernel import mount
from boxship.kernel.inroot import make_in_root, open_in_root
from boxship.kernel.process import CLONE_NEWNS, setns, unshare
from boxship.shim.failure import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # (source on the host, target, recursive, writable)
    Asked = tuple[str, str, bool, bool]

_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def enter(view: dict[str, Any], fds: list[int]) -> int:
    """Make the view and make it this process's root; a descriptor of it. Failed.

    view: {"overlay": {lower, upper, work} or None for a running container, whose mount namespace is the first of `fds`
    then; "scratch": the worker only reads; "place": an empty folder of the host to mount at; "mounts": [Asked]}.
    """
    overlay = view["overlay"]
    try:
        if overlay is None:
            return _of_running(fds.pop(0), view["mounts"])
        return _at_rest(overlay, view["scratch"], view["place"], view["mounts"])
    except OSError as error:
        # Not to be taken for an error of the job, such as a path that is not there.
        text = f"cannot get at the container's files: {error.strerror or error}"
        raise Failed("view", error.errno or 0, str(error.filename or ""), text) from None


def _of_running(namespace: int, mounts: list[Asked]) -> int:
    setns(namespace, CLONE_NEWNS)
    os.close(namespace)
    unshare(CLONE_NEWNS)
    # What is mounted and unmounted from here on stays in here.
    mount.set_propagation("/", mount.MS_PRIVATE | mount.MS_REC)
    seen = os.open("/", _PATH)
    root = mount.clone_fd(seen, recursive=False)
    parts = []
    for _, target, recursive, _ in mounts:
        try:
            part = open_in_root(seen, target, os.O_PATH)
        except OSError:
            # The container moved the folder away in which it was mounted.
            continue
        parts.append((target, mount.clone_fd(part, recursive=recursive)))
        os.close(part)
    view = _put(root, seen)
    for target, part in parts:
        try:
            place = open_in_root(view, target, os.O_PATH)
        except OSError:
            os.close(part)
            continue
        mount.move(part, place)
        os.close(place)
    return _become(view)


def _at_rest(overlay: dict[str, Any], scratch: bool, place: str, mounts: list[Asked]) -> int:
    unshare(CLONE_NEWNS)
    mount.set_propagation("/", mount.MS_PRIVATE | mount.MS_REC)
    if scratch:
        upper = overlay["upper"]
        overlay = {"lower": [upper, *overlay["lower"]], "upper": f"{place}/upper", "work": f"{place}/work"}
        _mount_at(place, mount.mount_filesystem("tmpfs", [("source", "tmpfs"), ("mode", "700")]))
        for name in ("upper", "work"):
            os.mkdir(f"{place}/{name}")
        top = os.open(f"{place}/upper", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    made = mount.overlay(overlay["lower"], overlay["upper"], overlay["work"])
    at = os.open(place, _PATH)
    view = _put(made, at)
    for source, target, recursive, writable in mounts:
        _bind(view, source, target, recursive, writable)
    if scratch:
        _look_like(upper, top)
    return _become(view)


def _bind(view: int, source: str, target: str, recursive: bool, writable: bool) -> None:
    try:
        folder = stat.S_ISDIR(os.stat(source).st_mode)
        part = mount.clone_tree(source, recursive=recursive)
    except FileNotFoundError:
        # A file of ours that the first start makes, or a folder that is gone: the root shows through.
        return
    mount.set_attributes(part, propagation=mount.MS_PRIVATE, recursive=True)
    if not writable:
        mount.set_attributes(part, add=mount.MOUNT_ATTR_RDONLY, recursive=True)
    place = make_in_root(view, target, folder=folder)
    mount.move(part, place)
    os.close(place)


def _look_like(original: str, copy: int) -> None:
    """The root of an overlay has the owner, mode and times of its upperdir's root. Closes `copy`."""
    status = os.stat(original)
    os.fchown(copy, status.st_uid, status.st_gid)
    os.fchmod(copy, stat.S_IMODE(status.st_mode))
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.close(copy)


def _mount_at(place: str, detached: int) -> None:
    at = os.open(place, _PATH)
    mount.move(detached, at)
    os.close(at)


def _put(detached: int, at: int) -> int:
    """Mount it on the folder `at`, which is closed; a descriptor of the new mount's root."""
    view = os.dup(detached)
    mount.move(detached, at)
    os.close(at)
    return view


def _become(view: int) -> int:
    mount.pivot_root(view)
    os.close(view)
    return os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
