"""Asks an engine for one report: runs the probe under a set of options, looks at it from inside and outside."""

from __future__ import annotations

import os
import re
import shlex
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.probe.disk import disk
from tests.probe.filters import answers
from tests.probe.options import PROFILE, Options
from tests.support.archives import Entry, Image, archive, busybox_root, layer
from tests.support.ptrace import seccomp_filters

IMAGE = "bx/probe:1"
SOURCE = Path(__file__).parent.parent / "support/probe.c"
Report = dict[str, list[str]]
Ask = Callable[..., str]
"""Calls docker with some words; its standard output."""

_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def build(folder: Path) -> bytes:
    """The probe, compiled and linked statically."""
    program = folder / "probe"
    options = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-static"]
    subprocess.run(["gcc", *options, "-o", str(program), str(SOURCE)], check=True)
    return program.read_bytes()


def image_archive(busybox: Path, probe: bytes) -> bytes:
    """The image that holds the probe."""
    layers = busybox_root(busybox), layer([Entry("probe", probe, mode=0o755)])
    return archive([Image((IMAGE,), layers, {"Cmd": ["/probe", "wait"]})])


def ask(docker: Ask, options: Options, prefix: str, folder: Path, engine_socket: str) -> Report:
    """The report of one set of options. prefix: begins the names of its containers. folder: exists on the host."""
    name, other = f"{prefix}-{options.name}", f"{prefix}-{options.name}-other"
    profile = folder / "profile.json"
    profile.write_text(PROFILE)
    words = options.words.format(other=other, profile=profile, folder="/etc", empty="/srv", disk=disk())
    try:
        ids = {}
        if options.other:
            ids["OTHER"] = docker("run", "-d", "--ipc", "shareable", "--name", other, IMAGE).strip()
        ids["ID"] = docker("run", "-d", "--name", name, *shlex.split(words), IMAGE).strip()
        text = _output(docker, name)
        if options.exec is not None:
            text = docker("exec", *shlex.split(options.exec), name, "/probe")
        pid = _pid(docker, name)
        report = _inside(text, ids, _limits_of(engine_socket))
        # Inherited from the engine, and somebody may have started that nicely.
        nice = os.getpriority(os.PRIO_PROCESS, _peer(engine_socket))
        report["process"] = [line.replace(f"nice {nice}", "nice 0") for line in report["process"]]
        others = _pid(docker, other) if options.other else 0
        report["namespaces"] = _namespaces(pid, _peer(engine_socket), others)
        report["system calls"] = sorted(answers(seccomp_filters(pid), os.uname().machine))
        return report
    finally:
        docker("rm", "-f", name, other)


def _pid(docker: Ask, name: str) -> int:
    return int(docker("inspect", "-f", "{{.State.Pid}}", name))


def _output(docker: Ask, name: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = docker("logs", name).replace("\r\n", "\n")
        if "\nend\t" in text:
            return text
        time.sleep(0.05)
    raise AssertionError(f"the probe in {name} did not come to its end:\n{text}")


def _namespaces(pid: int, host: int, other: int) -> list[str]:
    lines = []
    for kind in _NAMESPACES:
        own = os.readlink(f"/proc/{pid}/ns/{kind}")
        if own == os.readlink(f"/proc/{host}/ns/{kind}"):
            whose = "the host's"
        elif other and own == os.readlink(f"/proc/{other}/ns/{kind}"):
            whose = "the other's"
        else:
            whose = "its own"
        lines.append(f"{kind} {whose}")
    return lines


def _peer(engine_socket: str) -> int:
    """A process of the engine, from whom containers inherit what they don't get of their own."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(engine_socket)
        return int(struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def _limits_of(engine_socket: str) -> dict[str, str]:
    """The resource limits that containers inherit where they have none of their own: the engine's."""
    limits = {}
    for line in Path(f"/proc/{_peer(engine_socket)}/limits").read_text().splitlines()[1:]:
        name, soft, hard = re.split(r" {2,}", line)[:3]
        limits[name] = f"{soft} {hard}".replace("unlimited", "-1")
    return limits


_LIMIT_NAMES = {
    "as": "Max address space",
    "core": "Max core file size",
    "cpu": "Max cpu time",
    "data": "Max data size",
    "fsize": "Max file size",
    "locks": "Max file locks",
    "memlock": "Max locked memory",
    "msgqueue": "Max msgqueue size",
    "nice": "Max nice priority",
    "nofile": "Max open files",
    "nproc": "Max processes",
    "rss": "Max resident set",
    "rtprio": "Max realtime priority",
    "rttime": "Max realtime timeout",
    "sigpending": "Max pending signals",
    "stack": "Max stack size",
}


def _inside(text: str, ids: dict[str, str], inherited: dict[str, str]) -> Report:
    report: Report = {}
    for line in text.splitlines():
        section, tab, said = line.partition("\t")
        if not tab or section == "end":
            continue
        for word, known in ids.items():
            said = said.replace(known, word).replace(known[:12], word)
        if section == "limits":
            name, _, values = said.partition(" ")
            said = f"{name} inherited" if values == inherited[_LIMIT_NAMES[name]] else said
        elif section == "mounts":
            said = _mount(said)
        elif section == "groups":
            said = re.sub(r"^(in )\d+:([^:]*:).*?(/ID)?$", r"\1\2\3", said)
        else:
            said = re.sub(r"(pipe|socket):\[\d+\]", r"\1", said)
        if not said.startswith(_UNLIKE):
            report.setdefault(section, []).append(said)
    return {section: sorted(lines) for section, lines in report.items()}


# Terminals of the host, of which a Docker in a chroot of its own has none, and control groups that it enters beside
# those that limit something (docs/decisions/0006).
_UNLIKE = ("/dev/vcs", "in :", "in hugetlb:", "/sys/fs/cgroup/hugetlb ")
_VARYING = ("lowerdir", "upperdir", "workdir", "inode64", "xino", "uuid", "redirect_dir", "metacopy", "userxattr")


def _sized(word: str) -> str:
    """Without sizes that come of the machine's memory; what a person asks for is smaller."""
    return re.sub(r"(size=\d{7,}k|nr_inodes=\d{6,})", lambda found: found[0].partition("=")[0] + "=the machine's", word)


def _mount(line: str) -> str:
    """One line of proc_pid_mountinfo(5): the place, what is mounted, the options, how it propagates."""
    left, _, right = line.partition(" - ")
    _, _, _, root, place, options, *tags = left.split(" ")
    kind, _, above = right.split(" ")
    words = sorted({_sized(word) for word in above.split(",") if word.partition("=")[0].rstrip("+") not in _VARYING})
    # Which folder of the host lies below is the engine's affair, but what part of a pseudo file system is not.
    part = re.sub(r".*/ID", "…", root) if kind in ("cgroup", "cgroup2", "tmpfs", "proc", "sysfs", "devpts") else "…"
    how = " ".join(re.sub(r":\d+", "", tag) for tag in tags)
    backing = "" if kind in ("ext4", "xfs", "btrfs", "overlay") and place != "/" else ",".join(words)
    name = "disk" if kind in ("ext4", "xfs", "btrfs") else kind
    return f"{place} {name} {part} {options} {backing} {how}".rstrip()
