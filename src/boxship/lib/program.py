"""Running a program of the machine's to its end. Blocks; not subprocess: that would stay in the daemon's memory."""

import os
from typing import NamedTuple

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_LIMIT = 64 << 20


class Outcome(NamedTuple):
    """code: the exit code, negative for a signal. What was written, as text."""

    code: int
    stdout: str
    stderr: str


def run_program(program: str, arguments: list[str], text: str = "") -> Outcome:
    """Run `program`, a path or a name that is looked up, with `text` on its standard input.

    FileNotFoundError when there is no such program.
    """
    fds = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("stdin", "stdout", "stderr")]
    try:
        os.write(fds[0], text.encode())
        os.lseek(fds[0], 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(fds)]
        pid = os.posix_spawnp(program, [program, *arguments], _ENVIRONMENT, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        stdout, stderr = (os.pread(fd, _LIMIT, 0).decode("utf-8", "replace") for fd in fds[1:])
        return Outcome(os.waitstatus_to_exitcode(status), stdout, stderr)
    finally:
        for fd in fds:
            os.close(fd)
