"""A failed start or exec, in the words that Docker's users and tools look for (pure)."""

import errno
from dataclasses import dataclass

from boxship.lib.errors import BoxshipError, InvalidParameter, StepFailed

NOT_FOUND = 127
NOT_EXECUTABLE = 126
NOT_STARTED = 128

_CREATED_BY = "failed to create task for container: failed to create shim task: OCI runtime create failed: "
_CREATE = f"{_CREATED_BY}runc create failed: unable to start container process: error during container init: "
_EXECUTED_BY = "OCI runtime exec failed: "
_EXEC = f"{_EXECUTED_BY}exec failed: unable to start container process: "

# Steps that fail because of what the person asked the container to run.
_COMMAND_STEPS = frozenset({"exec", "chdir", "user"})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENOEXEC})


@dataclass(frozen=True, slots=True)
class StartFailure:
    """What the client gets, and the exit code that stands in the state."""

    error: BoxshipError
    exit_code: int


def explain(error: BoxshipError | OSError, name: str) -> StartFailure:
    """A start of the container called `name` that failed."""
    if isinstance(error, StepFailed):
        return _step(error, _CREATED_BY if error.step == "runtime" else _CREATE)
    if isinstance(error, BoxshipError):
        return StartFailure(error, NOT_STARTED)
    where = f": {error.filename}" if error.filename else ""
    text = f"cannot start container {name}{where}: {error.strerror or error}"
    return StartFailure(BoxshipError(text), NOT_STARTED)


def explain_exec(error: StepFailed) -> StartFailure:
    """An exec that failed. Where no more is known, Docker calls it 126."""
    failure = _step(error, _EXECUTED_BY if error.step == "runtime" else _EXEC)
    return failure if failure.exit_code != NOT_STARTED else StartFailure(failure.error, NOT_EXECUTABLE)


def relative_folder() -> StartFailure:
    """An exec whose working folder does not begin at the root."""
    return StartFailure(BoxshipError("OCI runtime exec failed: exec failed: Cwd must be an absolute path"), NOT_STARTED)


def _step(error: StepFailed, prefix: str) -> StartFailure:
    if error.step == "user":
        return StartFailure(InvalidParameter(error.message), NOT_STARTED)
    if error.step == "workdir":
        # Docker makes the working folder before runc has its say.
        return StartFailure(BoxshipError(error.message), NOT_STARTED)
    text = prefix + error.message
    if error.step in _COMMAND_STEPS and error.errno == errno.ENOENT:
        return StartFailure(InvalidParameter(text), NOT_FOUND)
    if error.step in _COMMAND_STEPS and error.errno in _REFUSED:
        return StartFailure(InvalidParameter(text), NOT_EXECUTABLE)
    return StartFailure(BoxshipError(text), NOT_STARTED)
