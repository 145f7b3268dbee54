"""What other runtimes log, as failures in Docker's words."""

import errno
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.shim.foreign.words import failure_of, last_error

RUNC = "runc create failed: unable to start container process: "
INIT = f"{RUNC}error during container init: "
CHDIR = 'chdir to cwd ("/gone") set in config.json failed:'


@pytest.mark.parametrize(
    ("text", "program", "step", "code", "message"),
    [
        # runc 1.1, 1.3
        (
            f'{RUNC}exec: "nope": executable file not found in $PATH',
            *("nope", "exec", errno.ENOENT, 'exec: "nope": executable file not found in $PATH'),
        ),
        (
            f'{INIT}exec: "/a/b": stat /a/b: no such file or directory',
            *("/a/b", "exec", errno.ENOENT, 'exec: "/a/b": stat /a/b: no such file or directory'),
        ),
        (
            f'{INIT}exec: "/etc": is a directory: permission denied',
            *("/etc", "exec", errno.EACCES, 'exec: "/etc": is a directory: permission denied'),
        ),
        (
            'exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
            *("nope", "exec", errno.ENOENT, 'exec: "nope": executable file not found in $PATH'),
        ),
        (
            f"{INIT}{CHDIR} no such file or directory",
            *(
                "x",
                "chdir",
                errno.ENOENT,
                'chdir to cwd ("/gone") set in config.json failed: no such file or directory',
            ),
        ),
        (
            f"{INIT}mkdir /etc/passwd: not a directory",
            *("x", "workdir", errno.ENOTDIR, "Cannot mkdir: /etc/passwd is not a directory"),
        ),
        # crun 1.8
        (
            "executable file `nope` not found in $PATH: No such file or directory",
            *("nope", "exec", errno.ENOENT, 'exec: "nope": executable file not found in $PATH'),
        ),
        (
            "executable file `/a/b` not found in $PATH: No such file or directory",
            *("/a/b", "exec", errno.ENOENT, 'exec: "/a/b": stat /a/b: no such file or directory'),
        ),
        (
            "open executable: Permission denied",
            *("/a/b", "exec", errno.EACCES, 'exec: "/a/b": permission denied'),
        ),
        (
            "open executable: Operation not permitted",
            *("/etc", "exec", errno.EACCES, 'exec: "/etc": is a directory: permission denied'),
        ),
        (
            "open executable: Operation not permitted",
            *("folder", "exec", errno.ENOENT, 'exec: "folder": executable file not found in $PATH'),
        ),
        (
            "chdir `/gone`: No such file or directory",
            *(
                "x",
                "chdir",
                errno.ENOENT,
                'chdir to cwd ("/gone") set in config.json failed: no such file or directory',
            ),
        ),
        # What nobody foresaw, and what is no fault of the command.
        (f"{INIT}something new", "x", "runtime", 0, f"{INIT}something new"),
        ("setrlimit `RLIMIT_NOFILE`: Operation not permitted", "x", "runtime", 0, None),
    ],
)
def test_known_words(text: str, program: str, step: str, code: int, message: str | None) -> None:
    failure = failure_of(text, program)
    assert (failure["step"], failure["errno"], failure["message"]) == (step, code, message or text)


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_words_give_a_failure(text: str, program: str) -> None:
    assert set(failure_of(text, program)) == {"step", "errno", "path", "message"}


def line(level: str, message: str) -> str:
    return json.dumps({"level": level, "msg": message, "time": "2026-11-25T12:00:00Z"})


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("", ""),
        (line("error", "a"), "a"),
        (f"{line('error', 'a')}\n{line('error', 'b')}\n", "b"),
        (f"{line('error', 'a')}\n{line('warning', 'w')}\n{line('debug', 'd')}", "a"),
        ("no JSON\n", "no JSON"),
        ('"a text"\n', ""),
        ('{"level": "error"}\n', ""),
    ],
)
def test_the_last_error_counts(log: str, text: str) -> None:
    assert last_error(log) == text


@given(st.text(max_size=200))
def test_any_log_is_read(log: str) -> None:
    assert isinstance(last_error(log), str)
