"""What an OCI runtime's log says, as the failure of a step in Docker's words. Pure.

The log has one JSON object a line (`--log-format json`). Failures that are the fault of the command decide over exit
codes (126, 127), and users look for their words: runc's and crun's are recognised. Everything else is passed on.
"""

from __future__ import annotations

import errno
import os

from boxship.lib.plainjson import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RUNC_PREFIXES = (
    "runc create failed: ",
    "create failed: ",
    "exec failed: ",
    "unable to start container process: ",
    "error during container init: ",
)
_REASONS = {os.strerror(code): code for code in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP)}


def last_error(log: str) -> str:
    """The message of the last error in the log, "" for none."""
    text = ""
    for line in log.splitlines():
        try:
            entry = decode(line.encode())
        except ValueError:
            # A runtime that writes something else there.
            text = line.strip() or text
            continue
        if isinstance(entry, dict) and entry.get("level", "error") in ("error", "fatal", "panic"):
            text = str(entry.get("msg") or text)
    return text


def failure_of(text: str, program: str) -> dict[str, Any]:
    """The step that failed: `exec` or `chdir` for what the command is to blame for, else `runtime` with the text as
    it is. program: the first word of the command.
    """
    rest = text
    for prefix in _RUNC_PREFIXES:
        rest = rest.removeprefix(prefix)
    return _runc(rest) or _crun(rest, program) or _failure("runtime", 0, "", text)


def _failure(step: str, code: int, path: str, message: str) -> dict[str, Any]:
    return {"step": step, "errno": code, "path": path, "message": message}


def _runc(text: str) -> dict[str, Any] | None:
    if text.startswith('exec: "'):
        program = text[7:].partition('": ')[0]
        if text.endswith(("executable file not found in $PATH", "no such file or directory")):
            return _failure("exec", errno.ENOENT, program, text)
        if text.endswith("permission denied"):
            return _failure("exec", errno.EACCES, program, text)
        if text.endswith("not a directory"):
            return _failure("exec", errno.ENOTDIR, program, text)
    if text.startswith('chdir to cwd ("'):
        code = next((code for words, code in _REASONS.items() if text.endswith(words.lower())), 0)
        return _failure("chdir", code, text[15:].partition('")')[0], text)
    if text.startswith("mkdir ") and text.endswith(": not a directory"):
        folder = text[6:].rpartition(": ")[0]
        return _failure("workdir", errno.ENOTDIR, folder, f"Cannot mkdir: {folder} is not a directory")
    return None


def _crun(text: str, program: str) -> dict[str, Any] | None:
    what, _, reason = text.rpartition(": ")
    code = _REASONS.get(reason, 0)
    if what.startswith("executable file `") and what.endswith("` not found in $PATH"):
        return _not_found(what[17:-20])
    if what == "open executable":
        if "/" not in program:
            # It takes the first file of that name on PATH; as execvp(3) has it, one that can't run does not count.
            return _not_found(program)
        # EPERM is what it says of anything but a regular file.
        what = "is a directory: permission denied" if code == errno.EPERM else "permission denied"
        return _failure("exec", errno.EACCES, program, f'exec: "{program}": {what}')
    if what.startswith("chdir") and code:
        folder = what.removeprefix("chdir").strip(" `")
        if code == errno.ENOTDIR:
            return _failure("workdir", code, folder, f"Cannot mkdir: {folder} is not a directory")
        text = f'chdir to cwd ("{folder}") set in config.json failed: {reason.lower()}'
        return _failure("chdir", code, folder, text)
    return None


def _not_found(program: str) -> dict[str, Any]:
    reason = f"stat {program}: no such file or directory" if "/" in program else "executable file not found in $PATH"
    return _failure("exec", errno.ENOENT, program, f'exec: "{program}": {reason}')
