"""Ways out through the kernel that need no fault of a path: keys, sockets, control groups, devices, terminals, traces.

Most of them are closed by what a container is not given; here an attack tries each of them for real.
"""

import ctypes
import os
import re
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.archives import folder
from tests.support.attacks import Attacks
from tests.support.cli import Cli
from tests.support.engine import Engine
from tests.support.machine import files_below
from tests.support.terminal import Terminal

BASE = "bx/base:1"
FREE = ("--security-opt", "seccomp=unconfined")
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}


@pytest.fixture(scope="module")
def image(api: Api, attacks: Attacks) -> str:
    """With all the attacks of this file."""
    programs = [attacks.attack(program) for program in ("keys", "push", "watch")]
    return attacks.load(api, "bx/escape-kernel:1", [folder("attack"), *programs])


def session_keyring() -> int:
    """The number of this process's session keyring, which the daemon has, too: it was started from here."""
    libc = ctypes.CDLL(None)
    return int(libc.syscall(SYS_KEYCTL[os.uname().machine], 0, ctypes.c_long(-3), 0))


def test_no_container_gets_into_anothers_keyring_or_the_hosts(docker: Cli, image: str, name: str) -> None:
    """One that offers its keyring to everybody must not become that of the next one, or of an exec."""
    first, second = f"{name}-share", f"{name}-other"
    docker("run", "-d", "--name", first, *FREE, image, "/attack/keys", "share").succeeded()
    docker("run", "-d", "--name", second, *FREE, image, "sleep", "600").succeeded()
    until(lambda: "shared" in docker("logs", first).text)
    rings = [docker("logs", first).lines[0]]
    for said in (
        docker("run", "--rm", *FREE, image, "/attack/keys", "look"),
        docker("exec", second, "/attack/keys", "look"),
        docker("exec", "-u", "1000", second, "/attack/keys", "look"),
    ):
        ring, found = said.succeeded().lines
        assert found == "nothing"
        rings.append(ring)
    assert len(set(rings)) == len(rings)
    assert f"session {session_keyring()}" not in rings
    # The usual filter lets nobody near the keys at all.
    assert "Operation not permitted" in docker("run", "--rm", image, "/attack/keys", "look").error


def test_no_abstract_socket_of_ours(docker: Cli, engine: Engine) -> None:
    """With the host's network an abstract unix socket would be in reach."""
    docker("run", "--rm", BASE, "true").succeeded()
    mine = set()
    for pid in engine.family():
        for fd in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                mine |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
            except OSError:
                continue
    assert mine
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    assert not [line for line in lines if line[6] in mine and len(line) > 7 and line[7].startswith("@")]


def test_control_groups_start_nothing_on_the_host(docker: Cli) -> None:
    """release_agent and friends (CVE-2022-0492): neither there nor to be mounted."""
    script = """
    for file in /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/*/release_agent; do
        [ -e $file ] && echo /attack > $file && echo written $file
    done
    for file in /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do
        [ -e $file ] && echo 1 > $file && echo written $file
    done
    mkdir /m
    for kind in cgroup cgroup2 proc sysfs debugfs securityfs tracefs; do
        mount -t $kind $kind /m && echo mounted $kind
    done
    unshare -Ur true && echo unshared
    unshare -C true && echo unshared
    true"""
    for options in ((), ("-u", "1000"), ("--cap-add", "DAC_OVERRIDE", "--cap-add", "SYS_CHROOT")):
        assert docker("run", "--rm", *options, BASE, "sh", "-c", script).succeeded().out == b""


def test_devices_of_the_host_do_not_open(docker: Cli) -> None:
    disk = os.stat("/").st_dev
    nodes = [("b", os.major(disk), os.minor(disk)), ("c", 1, 1), ("c", 1, 2), ("c", 1, 11), ("c", 10, 237), ("c", 4, 1)]
    for kind, major, minor in nodes:
        script = f"mknod /node {kind} {major} {minor} && dd if=/node of=/copy bs=512 count=1; ls /copy"
        said = docker("run", "--rm", BASE, "sh", "-c", script)
        assert (said.code != 0, said.out) == (True, b""), (kind, major, minor)
    for path in ("/dev/mem", "/dev/kmsg", "/dev/port", "/dev/loop-control", "/dev/fuse", "/proc/kcore"):
        assert docker("run", "--rm", BASE, "sh", "-c", f"head -c 1 {path} && echo read").out == b""


def test_typing_into_a_terminal_reaches_nobody_outside(
    docker: Cli, image: str, terminals: Callable[[Terminal], Terminal]
) -> None:
    """The container's terminal is its own: what it pushes there is not what the client's shell reads next."""
    command = [*docker.program, "run", "--rm", "-it", image, "/attack/push"]
    script = f"""
import select, subprocess
subprocess.run({command!r})
waiting = select.select([0], [], [], 0.5)[0]
print("left over:", bool(waiting), "end")
"""
    terminal = terminals(Terminal([sys.executable, "-c", script], docker.environment | {"TERM": "xterm"}))
    terminal.expect(r"pushed \d+")
    assert "left over: False" in terminal.expect("left over: .* end")


def test_the_hosts_processes_can_be_seen_and_not_entered(docker: Cli, engine: Engine, image: str, name: str) -> None:
    """--pid host shows them; root in the container has fewer rights than they, and reaches nothing in them."""
    docker("run", "-d", "--name", name, "--pid", "host", image, "sleep", "600").succeeded()
    ours = [str(pid) for pid in engine.family() if "boxship" in Path(f"/proc/{pid}/comm").read_text()]
    for options in ((), ("-u", "1000")):
        said = docker("exec", *options, name, "/attack/watch", *ours).succeeded()
        assert said.lines == [f"seen {len(ours)}"] and ours, said
    for file in ("environ", "root/", "cwd/", "fd/", "mem", "maps", "ns/"):
        said = docker(
            "exec", "-u", "1000", name, "sh", "-c", f"for p in {' '.join(ours)}; do cat /proc/$p/{file}*; done"
        )
        assert said.out == b"", file
    # Command lines are for everybody to read: nothing of a container's stands in ours.
    secret = f"of-{name}"
    box = f"{name}-two"
    docker("run", "-d", "--name", box, "-e", f"SECRET={secret}", BASE, "sleep", "600").succeeded()
    docker("exec", "-d", "-e", f"SECRET={secret}", box, "sleep", "600").succeeded()
    for pid in engine.family():
        assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_nothing_of_the_engine_is_in_reach(docker: Cli, engine: Engine, api: Api, name: str) -> None:
    """Plans, sockets and logs lie in folders that only root enters, and no container sees them."""
    docker("run", "-d", "--name", name, BASE, "sleep", "600").succeeded()
    names = ("plan.json", "config.json", "monitor.sock", "boxship.sock", "zygote.sock", "state.db", "container.log")
    wanted = " -o ".join(f"-name {file}" for file in names)
    for said in (
        docker("exec", name, "sh", "-c", f"find / -xdev {wanted}"),
        docker("exec", name, "sh", "-c", f"find /proc /sys /dev -maxdepth 4 {wanted}"),
    ):
        assert said.out == b""
    for root in (engine.run_root, engine.data_root):
        assert stat.S_IMODE(root.stat().st_mode) & 0o007 in (0, 0o1), root
    bundle = engine.run_root / "c" / str(api.request("GET", f"/containers/{name}/json").json["Id"])
    for path in (bundle, *bundle.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    # A user of the host gets at none of it: not at records, which hold environments, not at layers, in which a
    # container may have put a program that makes root of whoever starts it.
    assert readable_by_others(engine.data_root) | readable_by_others(engine.run_root) == set()


def readable_by_others(root: Path) -> set[str]:
    """Files that any user could open, by the modes of the folders from `root` on. The init layer holds nothing."""
    found = set()
    for place, folders, files in os.walk(root):
        inside = Path(place)
        folders[:] = [name for name in folders if (inside / name).lstat().st_mode & 0o001 and name != "init-layer"]
        found |= {str(inside / name) for name in files if (inside / name).lstat().st_mode & 0o006}
    return found


def test_a_flood_of_output_is_bounded(docker: Cli, api: Api, engine: Engine, name: str) -> None:
    """The log keeps its limits, and a client that stands still costs what decision 3 says, not the machine's disk."""
    options = ("--log-opt", "max-size=1m", "--log-opt", "max-file=2")
    script = "head -c 40000000 /dev/zero | tr '\\0' 'x'; echo done"
    docker("run", "-d", "--name", name, *options, BASE, "sh", "-c", script).succeeded()
    assert docker("wait", name).text == "0"
    log = engine.data_root / "containers" / str(api.request("GET", f"/containers/{name}/json").json["Id"])
    used = sum(path.stat().st_blocks * 512 for path in log.rglob("*"))
    assert used < 6 << 20, used
    # Below images/ the images are mounted.
    files = (path for path in files_below(engine.run_root) if not path.startswith(f"{engine.run_root}/images/"))
    inside = sum(os.stat(path).st_blocks * 512 for path in files if os.path.isfile(path))
    assert inside < 1 << 20, inside


def test_a_container_that_uses_all_its_processes_hinders_nobody(docker: Cli, name: str) -> None:
    script = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 600 & done; echo full; wait"
    docker("run", "-d", "--name", name, "--pids-limit", "8", BASE, "sh", "-c", script).succeeded()
    until(lambda: docker("exec", name, "true").code != 0)
    assert docker("run", "--rm", BASE, "echo", "well").succeeded().text == "well"
    assert docker("rm", "-f", name).code == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
