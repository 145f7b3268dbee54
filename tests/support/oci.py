"""Bundles, and the OCI command line run on them as podman and containerd run it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

_PROGRAM = [sys.executable, "-m", "boxship", "oci"]
_PATIENCE = 30.0
_NAMES = (
    "sh",
    "mkdir",
    "cat",
    "sleep",
    "true",
    "false",
    "id",
    "stat",
    "ls",
    "touch",
    "test",
    "hostname",
    "readlink",
    "uname",
)
_MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]},
]
_CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID"]
SPEC: dict[str, Any] = {
    "ociVersion": "1.2.0",
    "root": {"path": "rootfs"},
    "process": {
        "args": ["true"],
        "cwd": "/",
        "env": ["PATH=/bin"],
        "user": {"uid": 0, "gid": 0},
        "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), _CAPABILITIES),
    },
    "mounts": _MOUNTS,
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
}
# A user namespace, and what its ids are on the host.
USER = [*SPEC["linux"]["namespaces"], {"type": "user"}]
MAPS = {
    "linux__namespaces": USER,
    "linux__uidMappings": [{"containerID": 0, "hostID": 200000, "size": 1000}],
    "linux__gidMappings": [{"containerID": 0, "hostID": 300000, "size": 1000}],
}


def own(path: Path) -> None:
    """Give a folder and what is in it to the root of `MAPS`."""
    for name in (path, *path.rglob("*")):
        os.lchown(name, 200000, 300000)


class Runtime:
    """One root of states, one bundle of busybox, and what was run; `close` sees that nothing is left."""

    def __init__(self, busybox: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="boxship-oci-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.root = self.folder / "state"
        self.bundle = self.folder / "bundle"
        bin_folder = self.bundle / "rootfs" / "bin"
        bin_folder.mkdir(parents=True)
        shutil.copy(busybox, bin_folder / "busybox")
        for name in _NAMES:
            (bin_folder / name).symlink_to("busybox")
        self.id = f"t{uuid.uuid4().hex[:12]}"
        self._before = self._left()

    def spec(self, *args: str, **changes: Any) -> dict[str, Any]:
        """Write config.json: the command, and values by path with `__` for the dots. The spec."""
        spec = copy.deepcopy(SPEC)
        spec["process"]["args"] = list(args)
        for path, value in changes.items():
            *parents, last = path.split("__")
            place = spec
            for name in parents:
                place = place.setdefault(name, {})
            place[last] = value
        (self.bundle / "config.json").write_text(json.dumps(spec))
        return spec

    def command(self, *words: str) -> list[str]:
        return [*_PROGRAM, "--root", str(self.root), *words]

    def run(self, *words: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        """One command with this root; its output goes through files, since a container keeps what it inherits."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            command = self.command(*words)
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False, timeout=60, **more
            )
            out.seek(0)
            err.seek(0)
            result = subprocess.CompletedProcess(command, done.returncode, out.read(), err.read())
        assert not check or result.returncode == 0, result.stderr
        return result

    def create(self, *flags: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run("create", "--bundle", str(self.bundle), *flags, self.id, check=check, **more)

    def output_of(self, *args: str, **changes: Any) -> str:
        """What a container writes, run to its end."""
        self.spec(*args, **changes)
        return self.run("run", "--bundle", str(self.bundle), self.id).stdout

    def refusal(self, *args: str, **changes: Any) -> str:
        """What create says to a spec that it does not take. Nothing may be left of it."""
        self.spec(*args, **changes)
        done = self.create(check=False)
        assert done.returncode == 1, done.stdout
        assert self.run("list", "-q").stdout == ""
        return done.stderr

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("state", self.id).stdout)
        return found

    def wait_for(self, status: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self.state()["status"] != status:
            assert time.monotonic() < deadline, self.state()
            time.sleep(0.02)

    def _left(self) -> tuple[list[str], list[str]]:
        with open("/proc/self/mountinfo") as file:
            mounts = [line.split(" ")[4] for line in file if str(self.folder) in line]
        groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/boxship-oci/{self.id}")]
        return mounts, groups

    def close(self) -> None:
        """Nothing of the containers may be left: processes, mounts, control groups, states."""
        ids = self.run("list", "-q").stdout.split()
        for container_id in ids:
            self.run("delete", "--force", container_id)
        left = self._left()
        shutil.rmtree(self.folder)
        assert left == self._before
        assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and self._is_ours(pid)]

    def _is_ours(self, pid: str) -> bool:
        try:
            return str(self.root).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
