"""Failed starts and execs in the words that clients look for."""

import errno

import pytest

from boxship.engine.container.failure import explain, explain_exec
from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound, StepFailed

START = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: error during container init: "
)
EXEC = "OCI runtime exec failed: exec failed: unable to start container process: "


@pytest.mark.parametrize(
    ("step", "code", "message", "exit_code", "kind"),
    [
        ("exec", errno.ENOENT, 'exec: "foo": executable file not found in $PATH', 127, InvalidParameter),
        ("exec", errno.EACCES, 'exec: "/etc": permission denied', 126, InvalidParameter),
        ("exec", errno.EISDIR, 'exec: "/etc": is a directory', 126, InvalidParameter),
        ("chdir", errno.ENOTDIR, "chdir to cwd", 126, InvalidParameter),
        ("overlay", errno.ENOENT, "overlay at /x: No such file or directory", 128, BoxshipError),
    ],
)
def test_steps(step: str, code: int, message: str, exit_code: int, kind: type[BoxshipError]) -> None:
    failure = explain(StepFailed(step, code, "", message), "web")
    assert type(failure.error) is kind
    assert failure.error.message == START + message
    assert failure.exit_code == exit_code
    inside = explain_exec(StepFailed(step, code, "", message))
    assert inside.error.message == EXEC + message
    assert inside.exit_code == (126 if exit_code == 128 else exit_code)


def test_an_unknown_user_stands_alone() -> None:
    text = "unable to find user nosuch: no matching entries in passwd file"
    failure = explain(StepFailed("user", errno.EINVAL, "nosuch", text), "web")
    assert (type(failure.error), failure.error.message, failure.exit_code) == (InvalidParameter, text, 128)


def test_other_errors_keep_their_kind() -> None:
    missing = NotFound("failed to set up container networking: network x not found")
    assert explain(missing, "web").error is missing
    failure = explain(OSError(errno.ENOSPC, "No space left on device", "/var/x"), "web")
    assert failure.error.message == "cannot start container web: /var/x: No space left on device"
