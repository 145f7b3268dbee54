"""CVE-2019-14271 and its kind: code of the image that runs in a process of the engine.

There, the helper of `docker cp` had changed its root to the container's, and then looked up a name: the C library
loaded libnss_files.so from the image, and it ran as the host's root. A Python process has many more such places. Here
an image poisons all of them, and each step of a start, and of an exec, is made to fail in turn, since the rare paths
are those that load something late.
"""

import asyncio
import contextlib
import encodings
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import boxship
from boxship.lib.errors import StepFailed
from boxship.lib.logframe import LogTarget
from boxship.model.container import AttachOptions
from boxship.runtime.launch import ExecRequest, Launcher, StartRequest
from boxship.runtime.launch import bundle as launching
from tests.support.attacks import Attacks

CONTAINER = "e" * 64
MARK = "poisoned"
PYTHON = f"import os\nwith open('/{MARK}', 'a') as file:\n    file.write(__name__ + chr(10))\n"
LIBRARIES = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libgcc_s.so.1"),
    *(
        "libnss_files.so.2",
        "libnss_dns.so.2",
        "libnss_compat.so.2",
        "libnss_systemd.so.2",
        "libnsl.so.1",
        "libffi.so.8",
    ),
    *("libresolv.so.2", "libseccomp.so.2", "libcap.so.2", "libselinux.so.1", "libapparmor.so.1", "libidn2.so.0"),
)
# Failures that come after the root has changed, each by one change of the process.
BROKEN: dict[str, dict[str, Any]] = {
    "user": {"user": {"username": "nobody-here"}},
    "user in letters of no locale": {"user": {"username": "n\u00f6b\u00f6dy\udcff"}},
    "group": {"user": {"username": "0:nobody-here"}},
    "groups": {"groups": ["nobody-here"]},
    "too many groups": {"user": {"uid": 0, "gid": 0, "additionalGids": list(range(70_000))}},
    "id": {"user": {"uid": 1 << 40, "gid": 0}},
    "folder": {"cwd": "/nowhere"},
    "folder with a lone surrogate": {"cwd": "/no\udcff\ud800where"},
    "folder with a NUL": {"cwd": "/no\0where"},
    "program": {"args": ["no-such-program"]},
    "program in other letters": {"args": ["\u043f\u0440\u043e\u0433\u0440\u0430\u043c\u043c\u0430\udcff"]},
    "program with a lone surrogate": {"args": ["/bin/\ud800"]},
    "no program": {"args": [""]},
    "program that is a folder": {"args": ["/bin"]},
    "program of a bad format": {"args": ["/etc/passwd"]},
    "environment": {"env": ["A=\ud800", "PATH=/bin"]},
    "environment with a NUL": {"env": ["A=\0", "PATH=/bin"]},
    "limit": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1 << 40, "hard": 1 << 40}]},
    "unknown limit": {"rlimits": [{"type": "RLIMIT_NOTHING", "soft": 1, "hard": 1}]},
    "no descriptors left": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 0, "hard": 0}]},
    "no memory left": {"rlimits": [{"type": "RLIMIT_AS", "soft": 4096, "hard": 4096}]},
    "capability": {"capabilities": {"bounding": ["CAP_NOTHING"]}},
    "label": {"selinuxLabel": "system_u:system_r:nobody_t", "apparmorProfile": "no-such-profile"},
    "score": {"oomScoreAdj": 99_999},
    "shape": {"user": {"uid": "zero"}, "rlimits": 7},
}


def library_folders() -> set[str]:
    """Where the dynamic loader, the C library and Python look for libraries."""
    triplet = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
    found = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", f"/lib/{triplet}", f"/usr/lib/{triplet}", "/usr/local/lib"}
    return found | {f"/usr/lib/{triplet}/gconv", str(Path(sys.base_prefix, "lib"))}


def module_folders() -> set[str]:
    """Every folder that the zygote imports from, and those that a wrong path would give."""
    standard = sysconfig.get_path("stdlib")
    package = str(Path(boxship.__file__).parent.parent)
    return {"/", "/etc", standard, f"{standard}/lib-dynload", package, sysconfig.get_path("purelib")}


def poison(root: Path, library: bytes) -> None:
    """Fill a root with everything that a process could load by accident."""
    module = root / "poison.py"
    module.write_text(PYTHON)
    (root / "poison.so").write_bytes(library)
    names = sorted(sys.stdlib_module_names | {"boxship", "sitecustomize", "usercustomize", "msgspec"})
    codecs = [info.name for info in pkgutil.iter_modules(encodings.__path__)]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")

    def place(path: str, source: Path) -> None:
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.link(source, target)

    for folder in module_folders():
        for name in names:
            place(f"{folder}/{name}.py", module)
            if "lib-dynload" in folder:
                place(f"{folder}/{name}{suffix}", root / "poison.so")
        place(f"{folder}/boxship/shim/late.py", module)
    for name in (*codecs, "__init__"):
        place(f"{sysconfig.get_path('stdlib')}/encodings/{name}.py", module)
    for folder in library_folders():
        for name in LIBRARIES:
            place(f"{folder}/{name}", root / "poison.so")
        place(f"{folder}/UTF-16.so", root / "poison.so")
    place("/lib64/ld-linux-x86-64.so.2", root / "poison.so")
    etc = root / "etc"
    (etc / "ld.so.preload").write_text("/poison.so\n")
    (etc / "nsswitch.conf").write_text("passwd: files dns systemd\ngroup: files systemd\nhosts: files dns\n")
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nn\u00f6body:x:1:1::/:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\n")


class Rig:
    """A launcher's roots, with a poisoned one for its containers."""

    def __init__(self, base: Path, run_root: Path, busybox: Path, library: bytes) -> None:
        self.base, self.run_root, self.upper = base, run_root, base / "upper"
        for name in ("layer/bin", "layer/proc", "layer/dev", "layer/etc", "upper", "work"):
            (base / name).mkdir(parents=True)
        shutil.copy(busybox, base / "layer/bin/busybox")
        for name in ("sh", "sleep", "true", "cat"):
            (base / "layer/bin" / name).symlink_to("busybox")
        poison(base / "layer", library)

    def process(self, **changes: Any) -> dict[str, Any]:
        """An OCI `process` that sleeps."""
        plain = {"user": {"username": "n\u00f6body"}, "args": ["sleep", "600"], "env": ["PATH=/bin"], "cwd": "/etc"}
        return plain | changes

    def request(self, process: dict[str, Any], *, tty: bool = False) -> StartRequest:
        """A start with a step of every kind."""
        layers = {"lower": [str(self.base / "layer")], "upper": str(self.upper), "work": str(self.base / "work")}
        mounts = [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]},
            {"destination": "/given/here", "type": "bind", "source": str(self.base), "options": ["rbind", "rro"]},
            {"destination": "/memory", "type": "tmpfs", "source": "tmpfs", "options": []},
        ]
        linux = {
            "namespaces": [{"type": kind} for kind in ("mount", "pid", "network", "ipc", "uts", "cgroup")],
            "sysctl": {"net.ipv4.ip_forward": "1"},
            "maskedPaths": ["/proc/keys", "/proc/acpi"],
            "readonlyPaths": ["/proc/sys"],
            "devices": [{"path": "/dev/one", "type": "c", "major": 1, "minor": 3}],
        }
        spec = {
            "root": {"path": f"{self.run_root}/c/{CONTAINER}/rootfs"},
            "hostname": "box",
            "annotations": {"boxship.overlay": json.dumps(layers)},
            "process": process | {"terminal": tty},
            "mounts": mounts,
            "linux": linux,
        }
        return StartRequest(CONTAINER, spec, LogTarget("local", str(self.base / "log")), tty=tty)


@pytest.fixture(scope="module")
def rig(client_home: Path, attacks: Attacks) -> Iterator[Rig]:
    """Its base is gone afterwards, with what runs on it."""
    base = Path(tempfile.mkdtemp(prefix="boxship-poison-", dir="/var/tmp"))
    run_root = Path(tempfile.mkdtemp(prefix="bx-", dir="/run"))
    yield Rig(base, run_root, client_home / "bin/busybox", attacks.program("poison", "-shared", "-fPIC"))
    shutil.rmtree(base)
    shutil.rmtree(run_root)


@pytest.fixture(autouse=True)
def nothing_ran(rig: Rig) -> Iterator[None]:
    """No code of the image has left its mark, in the container or on the host."""
    places = [Path("/", MARK), rig.upper / MARK]
    for place in places:
        place.unlink(missing_ok=True)
    yield
    marks = {str(place): place.read_text().split() for place in places if place.exists()}
    for place in places:
        place.unlink(missing_ok=True)
    assert not marks, f"code of the image ran: {marks}"


def run(rig: Rig, work: Callable[[Launcher], Awaitable[None]]) -> None:
    """With a launcher of its own, whose zygote is ended."""

    async def go() -> None:
        launcher = Launcher(rig.run_root)
        await launcher.connect()
        try:
            await work(launcher)
        finally:
            zygote = os.pidfd_open(launcher.zygote_pid)
            signal.pidfd_send_signal(zygote, signal.SIGKILL)
            # The next launcher must not find it half alive.
            select.select([zygote], [], [], 10)
            os.close(zygote)
            await launcher.close()

    asyncio.run(asyncio.wait_for(go(), 90))


async def stop(launcher: Launcher, monitor: Any) -> None:
    await monitor.signal(signal.SIGKILL)
    await monitor.exited
    await monitor.finish()
    await launcher.forget(CONTAINER)


def test_the_poison_is_one(rig: Rig) -> None:
    """A process that does in this root what no process of ours may do is caught."""
    inside = "import ctypes, os, sys; os.chroot(sys.argv[1]); os.chdir('/'); {}"
    for what in (
        "import colorsys",
        "b'x'.decode('cp037')",
        "ctypes.CDLL('libnss_files.so.2')",
        "ctypes.CDLL('/poison.so')",
    ):
        command = [sys.executable, "-c", inside.format(what), str(rig.base / "layer")]
        subprocess.run(command, capture_output=True, check=False, timeout=60)
        mark = rig.base / "layer" / MARK
        assert mark.exists(), what
        mark.unlink()


@pytest.mark.parametrize("kind", ["fails", "unknown", "wrong"])
def test_each_step_of_a_start_fails_in_turn(rig: Rig, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    wrong = {
        "fails": ("sysctl", {"key": "no.such.key", "value": "\udcff"}),
        "unknown": ("no-such-step", {}),
        "wrong": ("mount", {"kind": "no-such-\u00e4", "surprise": "\ud800"}),
    }[kind]
    at = -1
    real = launching.plan

    def broken(spec: dict[str, Any], **options: Any) -> dict[str, Any]:
        made = real(spec, **options)
        steps = list(made["steps"])
        steps.insert(at, wrong)
        return made | {"steps": steps}

    count = len(real(rig.request(rig.process()).spec)["steps"])
    assert count > 20

    async def work(launcher: Launcher) -> None:
        nonlocal at
        for number in range(count + 1):
            at = number
            with pytest.raises(StepFailed):
                await launcher.start(rig.request(rig.process()))

    monkeypatch.setattr(launching, "plan", broken)
    monkeypatch.setattr(launching.msgspec.json, "encode", lambda value: json.dumps(value).encode())
    run(rig, work)


@pytest.mark.parametrize("tty", [False, True], ids=["pipes", "terminal"])
def test_what_comes_after_the_root_switch_fails_in_turn(rig: Rig, monkeypatch: pytest.MonkeyPatch, tty: bool) -> None:
    monkeypatch.setattr(launching.msgspec.json, "encode", lambda value: json.dumps(value).encode())

    async def work(launcher: Launcher) -> None:
        for changes in BROKEN.values():
            try:
                monitor = await launcher.start(rig.request(rig.process(**changes), tty=tty))
            except StepFailed:
                continue
            await stop(launcher, monitor)

    run(rig, work)


def test_each_way_of_an_exec_to_fail(rig: Rig) -> None:
    async def work(launcher: Launcher) -> None:
        monitor = await launcher.start(rig.request(rig.process()))
        every = AttachOptions(stdin=True, stdout=True, stderr=True)
        for number, changes in enumerate(({"args": ["true"]}, *BROKEN.values())):
            for tty in (False, True):
                ours, theirs = socket.socketpair()
                request = ExecRequest(f"{number}-{tty}", rig.process(**changes), tty=tty, open_stdin=True)
                with contextlib.suppress(StepFailed):
                    await monitor.exec(request, (theirs, b"", every))
                ours.close()
        await stop(launcher, monitor)

    run(rig, work)
