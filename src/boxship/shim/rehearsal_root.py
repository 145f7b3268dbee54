"""The steps of a first process, rehearsed on a root that is mounted nowhere (see rehearsal.py)."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys

from boxship.kernel import mount
from boxship.kernel import process as kernel
from boxship.lib.plainjson import decode, encode
from boxship.shim import attributes, become, child
from boxship.shim.builder import Builder
from boxship.shim.failure import Failed, step
from boxship.shim.steps import run_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEFAULTS = {"attributes": 0, "propagation": 0}
_CAPABILITIES = ["CAP_CHOWN", "CAP_KILL"]


def _steps(source: str) -> list[tuple[str, dict[str, Any]]]:
    """source: a plain file. None of these does anything outside of the root; that is why no parameter is really set."""
    tmpfs = [("mode", "755"), ("size", "65536k")]
    bind = {"recursive": True, "add": 0, "clear": 0, "recursive_add": 0, "propagation": mount.MS_PRIVATE}
    device = {"kind": "c", "major": 1, "mode": 0o666, "uid": 0, "gid": 0}
    folder = os.path.dirname(source)
    return [
        ("mount", {"kind": "proc", "source": "proc", "target": "/proc", "options": [], **_DEFAULTS}),
        ("mount", {"kind": "tmpfs", "source": "tmpfs", "target": "/dev", "options": tmpfs, **_DEFAULTS}),
        ("device", {"path": "/dev/null", "minor": 3, **device}),
        ("device", {"path": "/dev/zero", "minor": 5, **device}),
        ("symlink", {"target": "/proc/self/fd", "path": "/dev/fd"}),
        ("symlink", {"target": "pts/ptmx", "path": "/dev/ptmx"}),
        (
            "mount",
            {
                "kind": "devpts",
                "source": "devpts",
                "target": "/dev/pts",
                "options": [("newinstance", None)],
                **_DEFAULTS,
            },
        ),
        ("cgroup_mount", {"target": "/sys/fs/cgroup", "attributes": mount.MOUNT_ATTR_RDONLY, "private": False}),
        ("mount", {"kind": "mqueue", "source": "mqueue", "target": "/dev/mqueue", "options": [], **_DEFAULTS}),
        ("bind", {"source": source, "target": "/etc/hosts", **bind}),
        ("bind", {"source": folder, "target": "/data", **bind}),
        ("sysctl", {"key": "net.there.is.none", "value": "0"}),
        ("readonly", {"path": "/proc/bus"}),
        ("readonly", {"path": "/proc/sys"}),
        ("mask", {"path": "/proc/keys"}),
        ("mask", {"path": "/proc/not-there"}),
        ("mask", {"path": "/proc/acpi"}),
        ("workdir", {"path": "/data"}),
    ]


def build(place: str) -> None:
    """Once. place: an empty folder; it is empty again afterwards."""
    source = f"{place}/file"
    fd = os.open(source, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(fd, encode({"steps": _steps(source)}))
    os.close(fd)
    builder = Builder([(place, place)], None)
    try:
        builder.root_fd = mount.mount_filesystem("tmpfs", [("source", "tmpfs")])
        _build(builder, decode(step("read the plan", source, child.read_file, source))["steps"])
    except OSError:
        # A kernel, or whoever confines the zygote, that lets nobody mount says so when a container starts.
        pass
    finally:
        builder.close()
        os.unlink(source)


def _build(builder: Builder, steps: list[tuple[str, dict[str, Any]]]) -> None:
    for index, (name, arguments) in enumerate(steps, 1):
        where = arguments.get("target") or arguments.get("path") or arguments.get("key") or ""
        try:
            step(f"{name} (step {index} of {len(steps)})", where, run_step, builder, name, arguments)
        except Failed:
            # Before Linux 6.15 nothing can be mounted in what is mounted nowhere. All but the last call was done.
            continue


def _prepare() -> None:
    """As child.prepare, taken back."""
    importers = sys.path, sys.meta_path, sys.path_hooks
    child.import_nothing()
    sys.path, sys.meta_path, sys.path_hooks = importers
    # As it is: dumpable.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    ignored = [number for number in range(1, _signal.NSIG) if _signal.getsignal(number) == _signal.SIG_IGN]
    kernel.reset_signals()
    kernel.ignore_signals(*ignored)


class _Enough(Exception):
    """The rest can't be undone."""


class _Gate:
    def wait(self, report: int) -> None:
        raise _Enough


def become_nothing() -> None:
    """From the root to a program, but for what can't be taken back. The caller's working folder is / afterwards."""
    process = {
        "user": {"uid": 0, "gid": 0, "username": ""},
        "args": ["sh"],
        "cwd": "/",
        "env": [f"PATH={become.DEFAULT_PATH}", "HOSTNAME=none"],
        "rlimits": [],
        # A new one would be for good.
        "keepKeyring": True,
    }
    gate: Any = _Gate()
    _prepare()
    attributes.set_oom_score(int(child.read_file("/proc/self/oom_score_adj")))
    filter_ = become.read_program(process)
    try:
        become.become(process, filter_, [], -1, gate)
    except (_Enough, Failed):
        pass
    kernel.capability_mask(_CAPABILITIES)
    kernel.permitted_mask()
    # All are kept.
    kernel.drop_bounding((1 << 64) - 1)
