"""Letting a container's program go: the gate, and the hooks that come after it."""

from __future__ import annotations

import _socket
import os

from boxship.lib.errors import BoxshipError, Conflict, StepFailed
from boxship.lib.plainjson import encode
from boxship.oci.container import Container
from boxship.oci.context import Context
from boxship.oci.destroy import destroy, hook_state
from boxship.oci.ending import kill_all
from boxship.shim import wire
from boxship.shim.gate import read_message
from boxship.shim.hooks import HookFailed, run_hooks


def release(context: Context, container: Container) -> None:
    """Start the program of a container that waits. Returns when it runs and its poststart hooks are done.

    Conflict when it does not wait, StepFailed when the program does not come to run, BoxshipError when a hook fails:
    the container is then stopped and, after a poststart hook, gone (runtime.md, "Lifecycle"). Without a `process` in
    its config.json the log is told, and the container is stopped (docs/decisions/0010-oci-command-line.md).
    """
    with container.locked():
        status = container.status()
        if status != "created":
            word = "has stopped" if status == "stopped" else f"is {status}"
            raise Conflict(f"cannot start a container that {word}: {container.id}")
        spec = container.spec()
        if not spec.get("process"):
            context.log.error(f"cannot run anything in {container.id}: its config.json has no process")
            kill_all(container)
            os.unlink(f"{container.folder}/start.sock")
            return
        _open_gate(container)
        hooks = spec.get("hooks") or {}
        if not hooks.get("poststart"):
            return
        try:
            state = encode(hook_state(container, "running"))
            run_hooks(hooks["poststart"], state, container.record["bundle"])
        except HookFailed as failed:
            kill_all(container)
            destroy(container, context.log, poststop=hooks)
            raise BoxshipError(f"error running poststart hook: {failed}") from None


def _open_gate(container: Container) -> None:
    gate = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    try:
        wire.connect_in(gate, container.folder, "start.sock")
        os.unlink(f"{container.folder}/start.sock")
        failure = read_message(gate)
    except ConnectionResetError:
        raise BoxshipError(f"the first process of {container.id} ended before its program ran") from None
    finally:
        gate.close()
    if failure is not None:
        raise StepFailed(failure["step"], failure["errno"], failure["path"], failure["message"])
