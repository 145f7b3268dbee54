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
UPPER = "upper"
LOWER = "lower"
"""What a view to compare holds: the writable layer, and all that is below it as one."""


def enter(view: dict[str, Any], fds: list[int]) -> int:
    """Make the view and make it this process's root; a descriptor of it. Failed.

    view: `use` is "read", "write" or "compare"; `overlay` {lower, upper, work}, or None for a running container, whose
    mount namespace is the first of `fds` then; `place`, an empty folder of the host to mount at; `mounts` [Asked].
    """
    try:
        if view["overlay"] is None:
            root = _of_running(fds.pop(0), view["mounts"])
        elif view["use"] == "compare":
            root = _to_compare(view["overlay"], view["place"])
        elif view["use"] == "read":
            root = _to_read(view["overlay"], view["place"], view["mounts"])
        else:
            root = _at_rest(view["overlay"], view["place"], view["mounts"])
        # A running container may exchange the file that is about to be opened for a device. Opening one of the host's
        # does things, and no rule of the container's control group holds in here.
        attributes = mount.MOUNT_ATTR_NODEV | mount.MOUNT_ATTR_NOSUID
        if view["use"] != "write":
            attributes |= mount.MOUNT_ATTR_RDONLY
        mount.set_attributes(root, add=attributes, recursive=True)
        mount.pivot_root(root)
        os.close(root)
        return os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        # Not to be taken for an error of the job, such as a path that is not there.
        text = f"cannot get at the container's files: {error.strerror or error}"
        raise Failed("view", error.errno or 0, str(error.filename or ""), text) from None


def _alone() -> None:
    """A mount namespace of this process's own: what is mounted and unmounted from here on stays in here."""
    unshare(CLONE_NEWNS)
    mount.set_propagation("/", mount.MS_PRIVATE | mount.MS_REC)


def _of_running(namespace: int, mounts: list[Asked]) -> int:
    setns(namespace, CLONE_NEWNS)
    os.close(namespace)
    _alone()
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
    return view


def _at_rest(overlay: dict[str, Any], place: str, mounts: list[Asked]) -> int:
    _alone()
    return _overlay(overlay, place, mounts)


def _to_read(overlay: dict[str, Any], place: str, mounts: list[Asked]) -> int:
    _alone()
    _scratch(place, "upper", "work")
    top = os.open(f"{place}/upper", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    upper = overlay["upper"]
    stacked = {"lower": [upper, *overlay["lower"]], "upper": f"{place}/upper", "work": f"{place}/work"}
    root = _overlay(stacked, place, mounts)
    # The root of an overlay has the owner, mode and times of its upperdir's root.
    status = os.stat(upper)
    os.fchown(top, status.st_uid, status.st_gid)
    os.fchmod(top, stat.S_IMODE(status.st_mode))
    os.utime(top, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.close(top)
    return root


def _to_compare(overlay: dict[str, Any], place: str) -> int:
    _alone()
    root = _scratch(place, UPPER, LOWER)
    _put(mount.clone_tree(overlay["upper"], recursive=False), os.open(f"{place}/{UPPER}", _PATH))
    _put(mount.overlay(overlay["lower"]), os.open(f"{place}/{LOWER}", _PATH))
    return root


def _scratch(place: str, *names: str) -> int:
    """A tmpfs at `place` with some folders; a descriptor of its root."""
    root = _put(mount.mount_filesystem("tmpfs", [("source", "tmpfs"), ("mode", "700")]), os.open(place, _PATH))
    for name in names:
        os.mkdir(name, 0o755, dir_fd=root)
    return root


def _overlay(overlay: dict[str, Any], place: str, mounts: list[Asked]) -> int:
    root = _put(mount.overlay(overlay["lower"], overlay["upper"], overlay["work"]), os.open(place, _PATH))
    for source, target, recursive, writable in mounts:
        _bind(root, source, target, recursive, writable)
    return root


def _bind(root: int, source: str, target: str, recursive: bool, writable: bool) -> None:
    try:
        folder = stat.S_ISDIR(os.stat(source).st_mode)
        part = mount.clone_tree(source, recursive=recursive)
    except FileNotFoundError:
        # A tmpfs, which lives with a run, a file of ours that the first start makes, or a folder that is gone.
        return
    mount.set_attributes(part, propagation=mount.MS_PRIVATE, recursive=True)
    if not writable:
        mount.set_attributes(part, add=mount.MOUNT_ATTR_RDONLY, recursive=True)
    place = make_in_root(root, target, folder=folder)
    mount.move(part, place)
    os.close(place)


def _put(detached: int, at: int) -> int:
    """Mount it on the folder `at`, which is closed; a descriptor of the new mount's root."""
    root = os.dup(detached)
    mount.move(detached, at)
    os.close(at)
    return root
