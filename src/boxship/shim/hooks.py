"""Hooks of an OCI runtime spec: programs that get the container's state on their standard input.

They run where the caller is: in the runtime's namespaces, or in a container's first process before its program.
Source: OCI runtime-spec config.md, "POSIX-platform Hooks".
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import select

from boxship.kernel import process as kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OUTPUT_SHOWN = 4096
_NOT_FOUND = 127


class HookFailed(Exception):
    """A hook ended with another code than 0, was not there, or took longer than its timeout."""


def run_hooks(hooks: list[dict[str, Any]], state: bytes, folder: str = "") -> None:
    """Run them in order; HookFailed with the first one that fails, and those after it do not run.

    state: the container's, as JSON. folder: where they start, "" for the caller's own.
    """
    for index, hook in enumerate(hooks):
        run_hook(hook, state, f"hook #{index}", folder)


def run_hook(hook: dict[str, Any], state: bytes, name: str, folder: str = "") -> None:
    """Run one. HookFailed says `name`, the program and how it ended, with the end of what it wrote."""
    # Files, not pipes: a hook that does not read its input, or writes much, blocks nobody.
    source, output = (os.memfd_create(what, os.MFD_CLOEXEC) for what in ("state", "output"))
    try:
        os.write(source, state)
        os.lseek(source, 0, os.SEEK_SET)
        pid = os.fork()
        if pid == 0:
            _become(hook, source, output, folder)
        ended = _wait(pid, hook.get("timeout"))
        if ended == "":
            return
        written = os.pread(output, _OUTPUT_SHOWN, max(0, os.fstat(output).st_size - _OUTPUT_SHOWN))
        text = written.decode("utf-8", "replace").strip()
    finally:
        os.close(source)
        os.close(output)
    raise HookFailed(f"{name} {hook['path']}: {ended}{': ' + text if text else ''}")


def _become(hook: dict[str, Any], source: int, output: int, folder: str) -> None:
    """The forked side. Never returns."""
    try:
        kernel.reset_signals()
        os.dup2(source, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        kernel.close_on_exec_from(3)
        if folder:
            os.chdir(folder)
        environment = {}
        for pair in hook.get("env") or []:
            key, _, value = pair.partition("=")
            environment[key] = value
        os.execve(hook["path"], hook.get("args") or [hook["path"]], environment)
    except OSError as error:
        os.write(2, (error.strerror or str(error)).encode())
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(_NOT_FOUND)


def _wait(pid: int, timeout: int | None) -> str:
    """How it ended, "" for well."""
    late = False
    if timeout:
        pidfd = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        late = not poll.poll(timeout * 1000)
        if late:
            os.kill(pid, _signal.SIGKILL)
        os.close(pidfd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if late:
        return f"still ran after its timeout of {timeout} s and was killed"
    if code < 0:
        return f"ended by signal {-code}"
    return f"exit status {code}" if code else ""
