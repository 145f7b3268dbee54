"""CVE-2016-3697 and its kind: the image's passwd and group files decide who a process is, and they are hostile.

There, `--user 1000` was looked up as a name first, and the image called its root so. The files may also be pipes,
devices, links to anywhere or of any size: nothing but a regular file inside the root is ever opened for its content.
"""

import time

import pytest

from tests.support.api import Api
from tests.support.archives import Entry, folder, link
from tests.support.attacks import Attacks
from tests.support.cli import Cli

BASE = "bx/base:1"
ID = ["sh", "-c", "id -u; id -g; id -G"]
CHARACTER, FIFO = b"3", b"6"


def test_a_number_is_never_a_name(docker: Cli, api: Api, attacks: Attacks, name: str) -> None:
    files = [
        folder("etc"),
        Entry("etc/passwd", b"1000:x:0:0::/:/bin/sh\n0:x:7:7::/:/bin/sh\nworker:x:1000:1000::/:/bin/sh\n"),
        Entry("etc/group", b"29:x:0:\n1000:x:0:1000\n0:x:0:worker\n"),
    ]
    image = attacks.load(api, "bx/escape-number:1", files)
    docker("run", "-d", "--name", name, image, "sleep", "600").succeeded()
    for verb in (("run", "--rm"), ("exec",)):
        on = (image,) if verb[0] == "run" else (name,)
        assert docker(*verb, "-u", "1000", *on, *ID).succeeded().lines[:2] == ["1000", "1000"]
        assert docker(*verb, "-u", "1000:29", *on, *ID).succeeded().lines[:2] == ["1000", "29"]
        assert docker(*verb, "-u", "0", *on, *ID).succeeded().lines[0] == "0"
    said = docker("run", "--rm", "-u", "1000:1000", "--group-add", "29", image, *ID).succeeded()
    assert said.lines == ["1000", "1000", "1000 29"]


@pytest.mark.parametrize(
    "passwd",
    [
        Entry("etc/passwd", kind=FIFO),
        Entry("etc/passwd", kind=CHARACTER, device=(1, 5)),
        Entry("etc/passwd", kind=CHARACTER, device=(5, 0)),
        Entry("etc/passwd", kind=CHARACTER, device=(10, 229)),
        folder("etc/passwd"),
        link("etc/passwd", "/proc/self/fd/0"),
        link("etc/passwd", "/dev/stdin"),
        link("etc/passwd", "/proc/1/root/etc/group"),
        link("etc/passwd", "/proc/self/mem"),
        link("etc/passwd", "/proc/kmsg"),
        link("etc/passwd", "/dev/zero"),
        link("etc/passwd", "passwd"),
        link("etc/passwd", "../../../../../../../etc/passwd"),
        Entry("etc/passwd", b"worker:x:99999999999999999999999:1::/:/bin/sh\n"),
        Entry("etc/passwd", "worker:x:²:1::/:/bin/sh\n".encode()),
        Entry("etc/passwd", b"\xff\xfe\0worker:x:\0:::/\n" * 100),
        Entry("etc/passwd", b"worker:" * 1_000_000),
        Entry("etc/passwd", b"a:::::\n" * 400_000),
    ],
    ids=lambda entry: f"{entry.kind.decode()}-{str(entry.data)[:40]}-{entry.device}",
)
def test_nobody_is_found_in_what_is_no_passwd_file(docker: Cli, api: Api, attacks: Attacks, passwd: Entry) -> None:
    """The start says so, soon, and nothing hangs: not with input held open, not in a terminal."""
    image = attacks.load(api, f"bx/escape-passwd:{abs(hash(passwd))}", [folder("etc"), Entry("etc/.wh.passwd"), passwd])
    for options in ((), ("-i",), ("-t",)):
        said = docker("run", "--rm", *options, "-u", "worker", image, *ID, timeout=60)
        assert said.code in (125, 126), said
        assert "Traceback" not in said.error and "Error:" not in said.error.replace("docker: Error response", "")
    # Not by `id`, which would read the file itself.
    said = docker("run", "--rm", "-u", "1000", image, "cat", "/proc/self/status", timeout=60).succeeded()
    assert "Uid:\t1000\t1000\t1000\t1000" in said.lines


def test_the_daemon_opens_no_pipe_of_a_container(docker: Cli, name: str) -> None:
    """For an exec the daemon itself looks into the running container's files: with rights on every device."""
    script = "rm /etc/passwd; mkfifo /etc/passwd; touch /ready; echo opened > /etc/passwd; touch /opened; sleep 600"
    docker("run", "-d", "--name", name, BASE, "sh", "-c", script).succeeded()
    docker("exec", name, "sh", "-c", "until [ -e /ready ]; do sleep 0.05; done").succeeded()
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        said = docker("exec", "-u", "worker", name, "true", timeout=30)
        assert "unable to find user worker" in said.text + said.error
    assert docker("exec", "-u", "0:0", name, "ls", "/").succeeded().code == 0


def test_a_file_without_end(docker: Cli, name: str) -> None:
    docker("run", "-d", "--name", name, BASE, "sh", "-c", "truncate -s 1T /etc/passwd; touch /r; sleep 600").succeeded()
    docker("exec", "-u", "0:0", name, "sh", "-c", "until [ -e /r ]; do sleep 0.05; done").succeeded()
    assert docker("exec", "-u", "worker", name, "id", timeout=60).succeeded().text.startswith("uid=1000")
    assert docker("exec", "-u", "nobody-here", name, "id", timeout=60).code != 0
