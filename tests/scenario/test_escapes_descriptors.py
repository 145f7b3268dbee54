"""CVE-2024-21626 and its kind: descriptors and folders of the host that a container inherits or can name.

There, a descriptor of the host's control groups was open when the runtime changed to the image's WORKDIR, and
`/proc/self/fd/N` led out. Nothing of ours may be open when the program starts, no working folder may lead through a
link of /proc, and what is open (0, 1, 2) may not be a file of the host that others share.
"""

import os
import stat

import pytest

from tests.support.api import Api
from tests.support.archives import folder, link
from tests.support.attacks import Attacks
from tests.support.cli import Cli

BASE = "bx/base:1"
NUMBERS = range(3, 24)


def device_of(path: str) -> str:
    """The file system that a host's file lies on, as `stat -c %d` prints it."""
    return str(os.stat(path).st_dev)


@pytest.mark.parametrize("how", ["run", "run -i", "exec", "exec -i", "exec -u 1000"])
def test_no_standard_stream_is_a_file_of_the_host(docker: Cli, name: str, how: str) -> None:
    """The mode of the host's /dev/null could be changed by whoever holds it: no program of the host would start."""
    show = ["sh", "-c", "for n in 0 1 2; do stat -L -c '%d %F' /proc/self/fd/$n; done; chmod 600 /proc/self/fd/0"]
    before = stat.S_IMODE(os.stat("/dev/null").st_mode)
    verb, *options = how.split()
    try:
        if verb == "run":
            said = docker("run", "--rm", "--name", name, *options, BASE, *show)
        else:
            docker("run", "-d", "--name", name, BASE, "sleep", "600").succeeded()
            said = docker("exec", *options, name, *show)
        assert len(said.lines) == 3, said
        assert not any(line.startswith(device_of("/dev/null") + " ") for line in said.lines)
        assert stat.S_IMODE(os.stat("/dev/null").st_mode) == before
    finally:
        os.chmod("/dev/null", before)


def test_a_container_without_a_null_device_has_an_empty_input(docker: Cli, name: str) -> None:
    """What the container put in its place is not opened for it: not a fifo, which would block, not a file."""
    script = "rm /dev/null; {}; touch /ready; sleep 600"
    for number, instead in enumerate(("mkfifo /dev/null", "echo hello > /dev/null", "ln -s /etc/passwd /dev/null")):
        box = f"{name}-{number}"
        docker("run", "-d", "--name", box, BASE, "sh", "-c", script.format(instead)).succeeded()
        assert docker("exec", box, "sh", "-c", "until [ -e /ready ]; do sleep 0.05; done; cat").succeeded().out == b""


def test_nothing_else_is_open(docker: Cli, name: str) -> None:
    docker("run", "-d", "--name", name, BASE, "sleep", "600").succeeded()
    first = docker("run", "--rm", BASE, "sh", "-c", "ls /proc/1/fd; true")
    for said in (first, docker("exec", name, "ls", "/proc/1/fd")):
        assert said.succeeded().text.split() == ["0", "1", "2"]
    for options in ((), ("-i",), ("-t",), ("-u", "1000")):
        # `ls` itself has its folder open.
        assert docker("exec", *options, name, "ls", "/proc/self/fd").succeeded().text.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize("through", ["", "/link"], ids=["path", "link in the image"])
def test_a_working_folder_never_leads_out(docker: Cli, api: Api, attacks: Attacks, name: str, through: str) -> None:
    """Whatever number, whoever names it: the image, `run -w`, `exec -w`."""
    links = [folder("link"), folder("link/proc"), folder("link/proc/self"), link("link/proc/self/fd", "/proc/self/fd")]
    image = attacks.load(api, "bx/escape-cwd:1", links)
    docker("run", "-d", "--name", name, image, "sleep", "600").succeeded()
    for number in NUMBERS:
        path = f"{through}/proc/self/fd/{number}"
        for said in (
            docker("exec", "-w", path, name, "ls", "-la", "."),
            *([docker("run", "--rm", "-w", path, image, "ls", "-la", ".")] if number < 12 else []),
        ):
            assert said.code != 0, f"{path} is a working folder: {said}"
            assert "chdir to cwd" in said.text or not said.out
    for path in ("/proc/self/cwd", "/proc/1/cwd", "/proc/1/root", "/proc/self/root/proc/self/root"):
        assert docker("exec", "-w", path, name, "ls", ".").code != 0, path


def test_an_image_that_names_a_descriptor_as_its_folder(docker: Cli, api: Api, attacks: Attacks) -> None:
    for number in range(3, 14):
        image = attacks.load(api, f"bx/escape-cwd:{number}", (), WorkingDir=f"/proc/self/fd/{number}")
        said = docker("run", "--rm", image, "ls", "-la", ".")
        assert (said.code != 0, said.out) == (True, b"")


def test_a_program_that_is_a_descriptor(docker: Cli, name: str) -> None:
    """`exec /proc/self/fd/N` of a runtime that forgot one."""
    docker("run", "-d", "--name", name, BASE, "sleep", "600").succeeded()
    for number in NUMBERS:
        assert docker("exec", name, f"/proc/self/fd/{number}").code in (126, 127, 255)


def test_a_user_may_be_put_where_it_could_not_go(docker: Cli, api: Api, attacks: Attacks) -> None:
    """The folder is entered with root's rights, as by runc, and so before the user is set."""
    image = attacks.load(api, "bx/escape-shut:1", [folder("shut", 0o700)])
    said = docker("run", "--rm", "-u", "1000", "-w", "/shut", image, "sh", "-c", "pwd; id -u; ls 2>&1")
    assert said.lines == ["/shut", "1000", "ls: .: Permission denied"]
