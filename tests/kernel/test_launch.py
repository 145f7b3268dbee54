"""Zygote, monitor and child on the real kernel, without the engine: a busybox root started by the launcher."""

import asyncio
import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from boxship.lib.errors import StepFailed
from boxship.lib.logframe import LogTarget
from boxship.model.container import AttachOptions
from boxship.runtime.launch import ExecRequest, Exit, Launcher, Monitor, StartRequest

CONTAINER = "c" * 64
ALL = AttachOptions(stdin=True, stdout=True, stderr=True)
MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
]


def processes_with_argument(argument: str) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if argument.encode() in Path(entry.path, "cmdline").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


class Rig:
    """Roots of a test's own, and requests for it."""

    def __init__(self, root: Path, run_root: Path, busybox: Path) -> None:
        self.root = root
        self.run_root = run_root
        self.log = LogTarget("local", str(root / "log"))
        layer = root / "layer" / "bin"
        layer.mkdir(parents=True)
        shutil.copy(busybox, layer / "busybox")
        for name in (
            "sh",
            "cat",
            "sleep",
            "true",
            "false",
            "id",
            "touch",
            "sha256sum",
            "stty",
            "yes",
            "head",
            "hostname",
            "test",
        ):
            (layer / name).symlink_to("busybox")
        for name in ("upper", "work"):
            (root / name).mkdir()

    def request(self, *command: str, tty: bool = False, **more: Any) -> StartRequest:
        overlay = {
            "lower": [str(self.root / "layer")],
            "upper": str(self.root / "upper"),
            "work": str(self.root / "work"),
        }
        spec = {
            "root": {"path": f"{self.run_root}/c/{CONTAINER}/rootfs"},
            "hostname": "box",
            "annotations": {"boxship.overlay": json.dumps(overlay)},
            "process": {
                "terminal": tty,
                "user": {"username": more.pop("user", "")},
                "args": list(command),
                "env": ["PATH=/bin"],
                "cwd": more.pop("cwd", "/"),
            },
            "mounts": MOUNTS,
            "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "network", "ipc", "uts")]},
        }
        return StartRequest(CONTAINER, spec, self.log, tty=tty, **more)

    @asynccontextmanager
    async def launcher(self) -> AsyncIterator[Launcher]:
        launcher = Launcher(self.run_root)
        await launcher.connect()
        try:
            yield launcher
        finally:
            await launcher.close()


@pytest.fixture
def rig(client_home: Path) -> Iterator[Rig]:
    root = Path(tempfile.mkdtemp(prefix="boxship-launch-", dir="/var/tmp"))
    run_root = Path(tempfile.mkdtemp(prefix="bx-", dir="/run"))
    made = Rig(root, run_root, client_home / "bin/busybox")
    yield made
    # By the run folder in their arguments: a test that fails half-way has not told of all of them.
    for pid in processes_with_argument(str(run_root)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(root)
    shutil.rmtree(run_root)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))  # type: ignore[arg-type]


async def read_all(sock: socket.socket) -> bytes:
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    taken = b""
    while piece := await loop.sock_recv(sock, 1 << 20):
        taken += piece
    return taken


def unframed(data: bytes) -> dict[int, bytes]:
    out = {1: b"", 2: b""}
    while data:
        length = int.from_bytes(data[4:8], "big")
        out[data[0]] += data[8 : 8 + length]
        data = data[8 + length :]
    return out


async def ended(launcher: Launcher, monitor: Monitor) -> Exit:
    end = await monitor.exited
    await monitor.finish()
    await launcher.forget(CONTAINER)
    return end


async def run_once(rig: Rig, *command: str, stdin: bytes = b"", **more: Any) -> tuple[Exit, bytes]:
    async with rig.launcher() as launcher:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        request = rig.request(*command, open_stdin=True, stdin_once=True, attachments=((theirs, b"", ALL),), **more)
        monitor = await launcher.start(request)
        reading = asyncio.create_task(read_all(ours))
        # A program that reads nothing may be gone before it is sent anything.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(ours, stdin)
            ours.shutdown(socket.SHUT_WR)
        output = await reading
        ours.close()
        return await ended(launcher, monitor), output


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("exit 255", 255)])
def test_exit_codes(rig: Rig, script: str, code: int) -> None:
    async def work() -> None:
        # The first process ignores signals that it sends itself: a second one takes it.
        end, _ = await run_once(rig, "sh", "-c", f"sh -c '{script}'; exit $?")
        assert end.code == code

    run(work)


def test_both_streams_and_names(rig: Rig) -> None:
    async def work() -> None:
        end, output = await run_once(rig, "sh", "-c", "hostname; id -u; echo err >&2; cat /proc/1/comm; :")
        streams = unframed(output)
        assert end.code == 0
        assert streams == {1: b"box\n0\nsh\n", 2: b"err\n"}

    run(work)


def test_a_user_namespace(rig: Rig) -> None:
    """By way of a process in between: the container is the monitor's child all the same."""
    for path in (rig.root / "layer", *(rig.root / "layer").rglob("*"), rig.root / "upper", rig.root / "work"):
        os.lchown(path, 200000, 200000)

    async def work() -> None:
        async with rig.launcher() as launcher:
            request = rig.request("sh", "-c", "cat /proc/self/uid_map; exit 7")
            maps = [{"containerID": 0, "hostID": 200000, "size": 1000}]
            request.spec["linux"]["namespaces"].append({"type": "user"})
            request.spec["linux"].update(uidMappings=maps, gidMappings=maps)
            request.spec["process"]["user"] = {"uid": 0, "gid": 0}
            monitor = await launcher.start(request)
            assert (await ended(launcher, monitor)).code == 7

            overlapping = [*maps, {"containerID": 5, "hostID": 900000, "size": 9}]
            request.spec["linux"]["uidMappings"] = overlapping
            with pytest.raises(StepFailed, match="map the ids"):
                await launcher.start(request)

    run(work)


def test_big_input_and_output_are_whole(rig: Rig) -> None:
    data = os.urandom(1 << 20) * 20

    async def work() -> None:
        end, output = await run_once(rig, "cat", stdin=data)
        assert end.code == 0
        assert unframed(output)[1] == data

    run(work)


@pytest.mark.parametrize(
    ("more", "command", "step", "text"),
    [
        ({}, "nosuch", "exec", 'exec: "nosuch": executable file not found in $PATH'),
        ({}, "/nosuch", "exec", 'exec: "/nosuch": stat /nosuch: no such file or directory'),
        ({}, "/bin", "exec", 'exec: "/bin": is a directory: permission denied'),
        ({}, "/proc/self/exe", "exec", 'exec: "/proc/self/exe": stat /proc/self/exe: no such file or directory'),
        ({"user": "ghost"}, "true", "user", "unable to find user ghost: no matching entries in passwd file"),
        ({"cwd": "/bin/sh"}, "true", "workdir", "Cannot mkdir: /bin/sh is not a directory"),
    ],
)
def test_a_start_that_fails_says_where_and_leaves_nothing(
    rig: Rig, more: dict[str, Any], command: str, step: str, text: str
) -> None:
    async def work() -> None:
        async with rig.launcher() as launcher:
            ours, theirs = socket.socketpair()
            with pytest.raises(StepFailed) as caught:
                await launcher.start(rig.request(command, attachments=((theirs, b"", ALL),), **more))
            assert caught.value.step.startswith(step)
            assert caught.value.message == text
            # The client that waited is let go.
            assert await read_all(ours) == b""
            ours.close()
            assert not os.path.exists(launcher.bundle(CONTAINER))

    run(work)


def test_a_mount_that_fails_names_step_path_and_errno(rig: Rig) -> None:
    async def work() -> None:
        async with rig.launcher() as launcher:
            request = rig.request("true")
            request.spec["mounts"] = [*MOUNTS, {"destination": "/x", "type": "nosuchfs", "source": "x"}]
            with pytest.raises(StepFailed) as caught:
                await launcher.start(request)
            assert caught.value.step.startswith("mount (step ")
            assert (caught.value.path, caught.value.errno) == ("/x", 19)

    run(work)


def test_a_new_daemon_finds_the_container_and_its_execs(rig: Rig) -> None:
    async def work() -> None:
        async with rig.launcher() as first:
            monitor = await first.start(rig.request("sh", "-c", "read line; exit 5", open_stdin=True))
            pid = monitor.pid
            await monitor.exec(ExecRequest("e1", {"args": ["sh", "-c", "exit 9"], "env": ["PATH=/bin"]}), None)
            await monitor.exec(ExecRequest("e2", {"args": ["sleep", "50"], "env": ["PATH=/bin"]}), None)
            while monitor.execs["e1"].running:
                await asyncio.sleep(0.01)
            zygote = first.zygote_pid
        # That daemon is gone; the next one comes.
        async with rig.launcher() as second:
            assert second.zygote_pid == zygote
            found = await second.adopt(CONTAINER)
            assert isinstance(found, Monitor)
            assert found.pid == pid
            assert found.execs["e1"].exit_code == 9
            assert found.execs["e2"].running
            ours, theirs = socket.socketpair()
            await found.attach(theirs, b"go\n", ALL)
            end = await found.exited
            assert end.code == 5
            assert {state.exec_id: state.exit_code for state in end.execs} == {"e1": 9, "e2": 137}
            ours.close()
            await found.finish()
            await second.forget(CONTAINER)

    run(work)


def test_an_exec_that_is_not_kept_is_forgotten_at_its_end(rig: Rig) -> None:
    """A health check runs for years: neither side may remember each."""

    async def work() -> None:
        async with rig.launcher() as first:
            monitor = await first.start(rig.request("sleep", "600"))
            for number, script in enumerate(("exit 9", "sleep 500 & exec sleep 500", "exec nosuch")):
                process = {"args": ["sh", "-c", script], "env": ["PATH=/bin"]}
                await monitor.exec(ExecRequest(f"e{number}", process, kept=False), None)
            while set(monitor.execs) != {"e1"}:
                await asyncio.sleep(0.01)
        async with rig.launcher() as second:
            found = await second.adopt(CONTAINER)
            assert isinstance(found, Monitor)
            assert [(state.exec_id, state.running, state.kept) for state in found.execs.values()] == [
                ("e1", True, False)
            ]
            # Its whole session goes: the container's first process alone is left.
            await found.signal(9, "e1")
            while found.execs:
                await asyncio.sleep(0.01)
            # (A zombie has no command line.)
            proc = Path(f"/proc/{found.pid}/root/proc")
            while [entry.name for entry in proc.glob("[0-9]*") if (entry / "cmdline").read_bytes()] != ["1"]:
                await asyncio.sleep(0.01)
            await found.signal(9)
            await found.exited
            await found.finish()
            await second.forget(CONTAINER)

    run(work)


def test_an_exit_without_a_daemon_is_kept(rig: Rig) -> None:
    async def work() -> None:
        async with rig.launcher() as first:
            monitor = await first.start(rig.request("sh", "-c", "sleep 0.2; exit 3"))
            pid = monitor.pid
            monitor._link.close()
        while os.path.exists(f"/proc/{pid}"):
            await asyncio.sleep(0.01)
        async with rig.launcher() as second:
            for _ in range(200):
                end = await second.adopt(CONTAINER)
                if isinstance(end, Exit):
                    break
                await asyncio.sleep(0.01)
            assert isinstance(end, Exit)
            assert end.code == 3
            await second.forget(CONTAINER)
            assert await second.adopt(CONTAINER) is None

    run(work)


def test_a_killed_zygote_is_replaced_and_its_containers_live(rig: Rig) -> None:
    async def work() -> None:
        async with rig.launcher() as launcher:
            monitor = await launcher.start(rig.request("sleep", "50"))
            listener = await launcher.listener(f"{rig.run_root}/api.sock")
            inode = os.stat(f"{rig.run_root}/api.sock").st_ino
            os.kill(launcher.zygote_pid, signal.SIGKILL)
            await asyncio.sleep(0.1)
            await monitor.signal(signal.SIGKILL)
            assert (await ended(launcher, monitor)).code == 137
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 7, hard))
            again = await launcher.start(rig.request("sh", "-c", f"test $(ulimit -n) = {soft}"))
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            # The new zygote has the limit of the old one, whatever the daemon's is now.
            assert (await ended(launcher, again)).code == 0
            listener.close()
        async with rig.launcher() as second:
            kept = await second.listener(f"{rig.run_root}/api.sock")
            assert os.stat(f"{rig.run_root}/api.sock").st_ino == inode
            kept.close()

    run(work)


def test_a_client_that_does_not_read_blocks_nobody(rig: Rig) -> None:
    size = 20 << 20

    async def work() -> None:
        async with rig.launcher() as launcher:
            ours, theirs = socket.socketpair()
            script = f"yes | head -c {size}"
            request = rig.request("sh", "-c", script, attachments=((theirs, b"", ALL),))
            monitor = await launcher.start(request)
            # Nothing was read, and still it ends.
            end = await monitor.exited
            assert end.code == 0
            await monitor.finish()
            await launcher.forget(CONTAINER)
            # What was written is not lost for the client that wakes up at last.
            assert unframed(await read_all(ours))[1] == b"y\n" * (size // 2)
            ours.close()

    run(work)


def test_terminal_size_detach_and_reattach(rig: Rig) -> None:
    keys = AttachOptions(stdin=True, stdout=True, stderr=True, detach_keys=b"\x10\x11")

    async def work() -> None:
        loop = asyncio.get_running_loop()
        async with rig.launcher() as launcher:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            script = "stty size; read a; stty size; read b; echo $a$b"
            request = rig.request(
                "sh", "-c", script, tty=True, open_stdin=True, size=(31, 77), attachments=((theirs, b"", keys),)
            )
            monitor = await launcher.start(request)
            detached = []
            monitor.on_detach = detached.append
            assert await loop.sock_recv(ours, 100) == b"31 77\r\n"
            await monitor.resize(40, 100)
            await loop.sock_sendall(ours, b"one\n\x10")
            await asyncio.sleep(0.05)
            await loop.sock_sendall(ours, b"\x11")
            assert b"40 100" in await read_all(ours)
            while not detached:
                await asyncio.sleep(0.01)
            assert detached == [""]
            ours.close()
            ours, theirs = socket.socketpair()
            await monitor.attach(theirs, b"two\n", keys)
            assert b"onetwo" in await read_all(ours)
            ours.close()
            assert (await ended(launcher, monitor)).code == 0

    run(work)


def test_an_exec_that_is_not_there_tells_its_client(rig: Rig) -> None:
    async def work() -> None:
        async with rig.launcher() as launcher:
            monitor = await launcher.start(rig.request("sleep", "50"))
            ours, theirs = socket.socketpair()
            with pytest.raises(StepFailed) as caught:
                await monitor.exec(ExecRequest("e", {"args": ["nosuch"], "env": ["PATH=/bin"]}), (theirs, b"", ALL))
            assert caught.value.errno == 2
            said = unframed(await read_all(ours))[1]
            assert said.startswith(b"OCI runtime exec failed: ")
            assert said.endswith(b'exec: "nosuch": executable file not found in $PATH\r\n')
            while monitor.execs["e"].exit_code is None:
                await asyncio.sleep(0.01)
            assert monitor.execs["e"].exit_code == 127
            ours.close()
            await monitor.signal(signal.SIGKILL)
            await ended(launcher, monitor)

    run(work)


def test_the_first_output_of_an_exec_is_never_lost(rig: Rig) -> None:
    """The program may write before the monitor has seen that it started."""

    async def one(monitor: Monitor, number: int) -> bytes:
        ours, theirs = socket.socketpair()
        process = {"args": ["sh", "-c", f"echo {number}"], "env": ["PATH=/bin"]}
        await monitor.exec(ExecRequest(f"e{number}", process), (theirs, b"", ALL))
        said = await read_all(ours)
        ours.close()
        return unframed(said)[1]

    async def work() -> None:
        async with rig.launcher() as launcher:
            monitor = await launcher.start(rig.request("sleep", "50"))
            said = await asyncio.gather(*(one(monitor, number) for number in range(60)))
            assert said == [b"%d\n" % number for number in range(60)]
            await monitor.signal(signal.SIGKILL)
            await ended(launcher, monitor)

    run(work)


def test_no_descriptor_of_ours_and_no_import_path_in_the_container(rig: Rig) -> None:
    async def work() -> None:
        end, output = await run_once(rig, "sh", "-c", "cd /proc/self/fd && echo *; cat /proc/self/status")
        said = unframed(output)[1].decode().splitlines()
        # The shell's own directory listing may hold one descriptor open.
        assert said[0].split()[:3] == ["0", "1", "2"]
        assert len(said[0].split()) <= 4
        assert end.code == 0

    run(work)


def test_nothing_is_left_after_many_runs(rig: Rig) -> None:
    def mounts() -> int:
        text = Path("/proc/self/mountinfo").read_text()
        return text.count(str(rig.run_root)) + text.count(str(rig.root))

    async def work() -> None:
        async with rig.launcher() as launcher:
            for _ in range(30):
                monitor = await launcher.start(rig.request("true"))
                assert (await ended(launcher, monitor)).code == 0
            assert mounts() == 0
            assert os.listdir(f"{rig.run_root}/c") == []
            children = Path(f"/proc/{launcher.zygote_pid}/task/{launcher.zygote_pid}/children")
            deadline = time.monotonic() + 10
            while children.read_text() and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
            assert children.read_text() == ""

    run(work)


def test_a_container_whose_log_cannot_be_written_never_runs(rig: Rig) -> None:
    os.mkdir(rig.log.path)

    async def work() -> None:
        async with rig.launcher() as launcher:
            for _ in range(10):
                ours, theirs = socket.socketpair()
                request = rig.request("touch", "/it-ran", attachments=((theirs, b"", ALL),))
                with pytest.raises(StepFailed) as failure:
                    await launcher.start(request)
                assert failure.value.errno == errno.EISDIR
                # Whoever is attached is let go.
                assert await read_all(ours) == b""
                ours.close()
            os.rmdir(rig.log.path)
            monitor = await launcher.start(rig.request("true"))
            assert (await ended(launcher, monitor)).code == 0

    run(work)
    assert not os.path.exists(rig.root / "upper/it-ran")
