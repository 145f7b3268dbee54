"""The end of a container: what `create` made goes, and the hooks of the end run."""

from __future__ import annotations

import os
from typing import Any

from boxship.lib.errors import BoxshipError
from boxship.lib.plainjson import encode
from boxship.oci.container import Container
from boxship.oci.log import Log
from boxship.shim.hooks import HookFailed, run_hook


def hook_state(container: Container, status: str) -> dict[str, Any]:
    """What hooks get on their standard input."""
    return container.state(status)


def destroy(container: Container, log: Log, *, poststop: dict[str, Any] | None) -> None:
    """Remove the control group and the folder of a container whose first process is gone.

    poststop: the spec's `hooks`, whose `poststop` run then; None for none. OSError when something can't be removed:
    the folder then stays, so that it can be tried again.
    """
    state = encode(hook_state(container, "stopped")) if poststop else b""
    cgroup = container.cgroup()
    if cgroup is not None and container.record.get("made_cgroup", True):
        # Members of the host's pid namespace outlive the first process.
        cgroup.kill_all()
        cgroup.remove()
        _parent(cgroup.path)
    container.remove()
    for index, hook in enumerate((poststop or {}).get("poststop") or []):
        try:
            run_hook(hook, state, f"hook #{index}", container.record.get("bundle", ""))
        except HookFailed as failed:
            # The container is gone already: the hooks after it are still due (runtime.md, step 13).
            log.warning(f"error running poststop hook: {failed}")


def _parent(path: str) -> None:
    """The parent that is ours goes with its last container."""
    from boxship.kernel.cgroup import Cgroup, detect

    parent = os.path.dirname(path)
    if parent == "/boxship-oci":
        try:
            Cgroup(parent, detect()).remove_if_empty()
        except (OSError, BoxshipError):
            # Another container came meanwhile, or somebody else put something in.
            pass
