"""Compiled filters under the real kernel."""

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boxship.kernel.process import PR_SET_NO_NEW_PRIVS, prctl
from boxship.kernel.seccomp import HEAD, load_program
from boxship.kernel.seccomp.compile import compile_filter
from boxship.kernel.syscalls import table
from boxship.lib.errors import InvalidParameter
from boxship.runtime.profiles.compiled import compiled_filter
from boxship.runtime.profiles.seccomp import default_profile
from boxship.runtime.spec.capabilities import DEFAULT_CAPABILITIES

MACHINE = os.uname().machine
NUMBERS = table(MACHINE)


def confined(profile: dict[str, Any], work: Callable[[], list[int]]) -> list[int]:
    """What `work` gives in a process under the profile."""
    program = compile_filter(profile, MACHINE)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            prctl(PR_SET_NO_NEW_PRIVS, 1)
            load_program(program)
            result = work()
            os.write(writer, struct.pack(f"{len(result)}i", *result))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    return [value for (value,) in struct.iter_unpack("i", data)]


def errors(*calls: tuple[int, ...]) -> list[int]:
    """The errno of each call, 0 where it came off."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for number, *arguments in calls:
        ctypes.set_errno(0)
        libc.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
        found.append(ctypes.get_errno())
    return found


def default(*added: str) -> dict[str, Any]:
    profile = default_profile(frozenset((*DEFAULT_CAPABILITIES, *added)), MACHINE, (6, 18))
    assert profile is not None
    return profile


def test_the_default_profile():
    newest = max(NUMBERS.values()) + 1
    got = confined(
        default(),
        lambda: errors(
            (NUMBERS["getpid"],),
            (NUMBERS["setns"], -1, 0),
            (NUMBERS["unshare"], 0),
            (NUMBERS["clone3"], 0, 0),
            (newest,),
            (NUMBERS["socket"], 40, 1, 0),
            (NUMBERS["socket"], 1, 1, 0),
            (NUMBERS["personality"], 0xFFFFFFFF),
            (NUMBERS["personality"], 0x400000),
            (NUMBERS["keyctl"], 0, 0),
            (NUMBERS["bpf"], -1, 0, 0),
        ),
    )
    refused = errno.EPERM
    assert got == [0, refused, refused, errno.ENOSYS, errno.ENOSYS, refused, 0, 0, refused, refused, refused]


def test_a_capability_opens_its_calls():
    calls = ((NUMBERS["setns"], -1, 0), (NUMBERS["bpf"], -1, 0, 0))
    assert confined(default("CAP_SYS_ADMIN"), lambda: errors(*calls)) == [errno.EBADF, errno.EINVAL]
    assert confined(default("CAP_BPF"), lambda: errors(*calls)) == [errno.EPERM, errno.EINVAL]


def test_threads_and_processes_still_come_up():
    def work() -> list[int]:
        import threading

        done: list[int] = []
        thread = threading.Thread(target=lambda: done.append(7))
        thread.start()
        thread.join()
        pid = os.fork()
        if pid == 0:
            os._exit(5)
        return [*done, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]

    assert confined(default(), work) == [7, 5]


def test_killing_actions():
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_KILL_PROCESS"}],
    }
    assert confined(profile, lambda: errors((NUMBERS["getppid"],))) == []


def test_no_filter_without_rights():
    program = compile_filter(default(), MACHINE)
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setresuid(1000, 1000, 1000)
            load_program(program)
        except PermissionError:
            code = 3
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3


@pytest.mark.parametrize("torn", [b"", b"BXSF", b"x" * 40])
def test_a_torn_program_is_refused(torn: bytes):
    with pytest.raises(ValueError, match="not a whole"):
        load_program(torn)


def test_the_cache(tmp_path: Path):
    folder = str(tmp_path / "seccomp")
    path = compiled_filter(default(), MACHINE, folder)
    made = Path(path).stat()
    program = Path(path).read_bytes()
    assert program == compile_filter(default(), MACHINE)
    assert compiled_filter(default(), MACHINE, folder) == path
    assert Path(path).stat().st_mtime_ns == made.st_mtime_ns
    assert compiled_filter(default("CAP_BPF"), MACHINE, folder) != path
    for torn in (program[:-1], program[: HEAD.size - 1], b""):
        Path(path).write_bytes(torn)
        assert compiled_filter(default(), MACHINE, folder) == path
        assert Path(path).read_bytes() == program
    assert len(os.listdir(folder)) == 2


def test_a_bad_profile_is_not_kept(tmp_path: Path):
    with pytest.raises(InvalidParameter):
        compiled_filter({"defaultAction": "SCMP_ACT_NO"}, MACHINE, str(tmp_path / "seccomp"))
    assert os.listdir(tmp_path / "seccomp") == []
