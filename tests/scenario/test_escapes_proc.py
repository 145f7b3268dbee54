"""CVE-2025-31133, 2025-52565, 2025-52881 and their kind: what a runtime binds and writes is not what it thinks.

There, /dev/null, which hides paths of /proc, or /dev/pts/N, which becomes /dev/console, was a link that the container
had put there; and writes to /proc (a sysctl, a security label) went to another file. Ours check what they have open,
reach procfs by its mount, and get a terminal from its master.
"""

import os
import stat
import time
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.archives import Entry, folder, link
from tests.support.attacks import Attacks
from tests.support.cli import Cli

BASE = "bx/base:1"
ROUNDS = 12
WITHIN = 5.0
ORDINARY = "must be mounted on ordinary directory"
# What is hidden below /proc is this device.
SHOW_MASKS = "stat -c '%n %t:%T %F' /proc/keys /proc/timer_list; cat /proc/keys /proc/timer_list | head -c 99"


@pytest.mark.parametrize("target", ["/proc", "/sys"])
@pytest.mark.parametrize("shape", ["link", "dangling", "loop", "file", "link to /proc/self/root"])
def test_kernel_files_are_mounted_on_a_plain_folder_only(
    docker: Cli, api: Api, attacks: Attacks, target: str, shape: str
) -> None:
    """An image that brings its own /proc has the limits and masks written into files of its own."""
    name = target[1:]
    entries = {
        "link": [folder("fake"), folder("fake/sys"), Entry("fake/sys/core"), link(name, "/fake")],
        "dangling": [link(name, "/nowhere")],
        "loop": [link(name, name)],
        "file": [Entry(name, b"no folder")],
        "link to /proc/self/root": [link(name, "/proc/self/root/tmp")],
    }[shape]
    image = attacks.load(api, f"bx/escape-{name}-{shape.replace('/', '').replace(' ', '-')}:1", entries)
    said = docker("run", "--rm", image, "true")
    assert said.code == 125, said
    assert f'filesystem "{"proc" if name == "proc" else "sysfs"}" {ORDINARY}' in said.error


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--tmpfs", "/proc"), "it is not of type proc"),
        (("-v", "/tmp:/proc"), "it is not of type proc"),
        (("-v", "/tmp:/proc/sys"), "it is inside /proc"),
        (("--tmpfs", "/proc/sys/kernel"), "it is inside /proc"),
        (("-v", "/etc/hostname:/proc/self/attr/exec"), "it is inside /proc"),
        (("-v", "/tmp:/proc/nothing"), "it is inside /proc"),
        (("-v", "/tmp:/ways/proc"), "it is inside /proc"),
        (("-v", "/etc/hostname:/ways/exec"), "it is inside /proc"),
        (("--tmpfs", "/ways/sys"), "it is inside /proc"),
    ],
)
def test_nothing_is_mounted_over_proc(
    docker: Cli, api: Api, attacks: Attacks, options: tuple[str, str], why: str
) -> None:
    """Neither by its name nor through a link of the image."""
    links = [link("ways/proc", "/proc"), link("ways/exec", "/proc/self/attr/exec"), link("ways/sys", "../proc/sys")]
    image = attacks.load(api, "bx/escape-over-proc:1", [folder("ways"), *links])
    said = docker("run", "--rm", *options, image, "true")
    assert (said.code, why in said.error) == (125, True), said


def test_what_may_be_mounted_over_proc(docker: Cli) -> None:
    """The files that lxcfs gives; and the host's own /proc."""
    said = docker("run", "--rm", "-v", "/etc/hostname:/proc/cpuinfo:ro", BASE, "cat", "/proc/cpuinfo")
    assert said.succeeded().out == Path("/etc/hostname").read_bytes()
    said = docker("run", "--rm", "-v", "/proc:/proc", BASE, "sh", "-c", "echo no > /proc/sys/kernel/core_pattern")
    assert (said.code, "Read-only" in said.error) == (1, True)


def test_sysctls_are_written_to_the_kernel(docker: Cli, api: Api, attacks: Attacks) -> None:
    """An image with a whole /proc of plain files: none of them takes the value."""
    files = [folder("proc"), folder("proc/sys"), folder("proc/sys/kernel"), Entry("proc/sys/kernel/msgmax", b"1")]
    image = attacks.load(api, "bx/escape-sysctl:1", files)
    said = docker("run", "--rm", "--sysctl", "kernel.msgmax=4242", image, "cat", "/proc/sys/kernel/msgmax")
    assert said.succeeded().text == "4242"
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    for key in ("kernel.msgmax/../core_pattern", "kernel/../../self/comm", "net.../../../self/oom_score_adj"):
        assert docker("run", "--rm", "--sysctl", f"{key}=7", image, "true").code in (125, 127)
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def in_dev(shape: str, folder: Path) -> None:
    """Something at `null` of a folder that becomes /dev."""
    null = folder / "null"
    if shape == "null":
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    elif shape == "zero":
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    elif shape == "file":
        null.write_text("mine")
    elif shape == "fifo":
        os.mkfifo(null)
    elif shape == "folder":
        null.mkdir()
    elif shape != "nothing":
        null.symlink_to(shape)


@pytest.mark.parametrize(
    "shape",
    ["nothing", "zero", "file", "fifo", "folder", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "null"],
)
def test_masks_are_the_null_device_or_the_start_fails(docker: Cli, tmp_path: Path, shape: str) -> None:
    """/dev is a folder that another container filled."""
    in_dev(shape, tmp_path)
    said = docker("run", "--rm", "-v", f"{tmp_path}:/dev", BASE, "sh", "-c", SHOW_MASKS)
    if shape == "null":
        masks = [f"/proc/{name} 1:3 character special file" for name in ("keys", "timer_list")]
        assert said.succeeded().lines == masks
    else:
        assert (said.code, said.out) == (125, b"")


@pytest.mark.parametrize("target", ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/self/exe"])
def test_a_null_device_swapped_meanwhile(
    docker: Cli, api: Api, attacks: Attacks, tmp_path: Path, name: str, target: str
) -> None:
    """Another container exchanges the null device of a shared /dev for a link, as fast as it can."""
    image = attacks.load(api, "bx/escape-swap:1", [folder("attack"), attacks.attack("swap")])
    in_dev("null", tmp_path)
    (tmp_path / "link").symlink_to(target)
    docker("run", "-d", "--name", name, "-v", f"{tmp_path}:/v", image, "/attack/swap", "/v/null", "/v/link").succeeded()
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    script = f"{SHOW_MASKS}; for file in /proc/keys /proc/timer_list; do echo '|/attack' > $file; done"
    deadline = time.monotonic() + WITHIN
    for _ in range(ROUNDS):
        if time.monotonic() > deadline:
            break
        said = docker("run", "--rm", "-v", f"{tmp_path}:/dev", image, "sh", "-c", script)
        masks = [f"/proc/{name} 1:3 character special file" for name in ("keys", "timer_list")]
        assert said.code == 125 or said.lines == masks, said
        assert Path("/proc/sys/kernel/core_pattern").read_text() == before


@pytest.mark.parametrize("ptmx", ["nothing", "file", "fifo", "node", "/proc/sysrq-trigger", "/proc/self/fd/0", "zero"])
def test_a_terminal_is_a_terminal(docker: Cli, tmp_path: Path, ptmx: str) -> None:
    """A /dev that another container filled has no devpts of ours: what lies at pts/ptmx is never used as one."""
    in_dev("null", tmp_path)
    pts = tmp_path / "pts"
    pts.mkdir()
    for number in range(3):
        (pts / str(number)).symlink_to("/proc/sys/kernel/core_pattern")
    (tmp_path / "console").symlink_to("/proc/sysrq-trigger")
    place = pts / "ptmx"
    if ptmx == "file":
        place.write_text("mine")
    elif ptmx == "fifo":
        os.mkfifo(place)
    elif ptmx in ("node", "zero"):
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(5, 2) if ptmx == "node" else os.makedev(1, 5))
    elif ptmx != "nothing":
        place.symlink_to(ptmx)
    said = docker("run", "--rm", "-t", "-v", f"{tmp_path}:/dev", BASE, "sh", "-c", "tty; echo started", timeout=30)
    assert said.code == 125 and "started" not in said.text


@pytest.mark.parametrize("instead", ["mkfifo {}", "echo > {}", "ln -s /proc/sysrq-trigger {}", "mknod {} c 1 5", ":"])
def test_a_terminal_of_an_exec_is_a_terminal(docker: Cli, name: str, instead: str) -> None:
    """A container that may mount has put its own things in the place of devpts: an exec fails, and does not hang."""
    script = f"mount -t tmpfs mine /dev/pts && {instead.format('/dev/pts/ptmx')} && touch /ready; sleep 600"
    options = ("--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined")
    docker("run", "-d", "--name", name, *options, BASE, "sh", "-c", script).succeeded()
    docker("exec", name, "sh", "-c", "until [ -e /ready ]; do sleep 0.05; done").succeeded()
    said = docker("exec", "-t", name, "sh", "-c", "echo started", timeout=30)
    assert said.code == 126 or said.code == 127
    assert "started" not in said.text.replace("unable to start container process", "")


def test_the_slave_comes_from_the_master(docker: Cli, name: str) -> None:
    """/dev/pts/N is something else than the terminal whose number is N: the exec has its own terminal anyway."""
    cover = 'for n in 0 1 2 3; do : > "/dev/shm/$n"; mount --bind "/dev/shm/$n" "/dev/pts/$n"; done'
    script = f"{cover} 2>/dev/null; touch /ready; sleep 600"
    options = ("--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined")
    docker("run", "-d", "-t", "--name", name, *options, BASE, "sh", "-c", script).succeeded()
    docker("exec", name, "sh", "-c", "until [ -e /ready ]; do sleep 0.05; done").succeeded()
    said = docker("exec", "-t", name, "sh", "-c", "[ -t 0 ] && [ -t 1 ] && echo terminal")
    assert said.succeeded().text.strip() == "terminal"
    assert docker("exec", name, "cat", "/dev/shm/0", "/dev/shm/1").out == b""


def test_the_kernels_settings_are_out_of_reach(docker: Cli) -> None:
    """core_pattern would start a program of the container's choice on the host."""
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    files = (
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/proc/bus/pci/x",
    )
    for file in files:
        assert docker("run", "--rm", BASE, "sh", "-c", f"echo h > {file}").code == 1
    for option in (("--cap-add", "SYS_ADMIN"), ("--cap-add", "SYS_PTRACE"), ("-u", "1000")):
        assert docker("run", "--rm", *option, BASE, "sh", "-c", f"echo '|/x' > {files[0]}").code == 1
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before
