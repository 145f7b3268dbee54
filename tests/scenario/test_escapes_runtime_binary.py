"""CVE-2019-5736, 2016-9962 and their kind: a container gets hold of the runtime itself.

There, /proc/self/exe of the process that joins a container was the runtime's own binary, and a container could write
to it. Ours is a Python interpreter: the same holds for it, its memory, its descriptors and its environment, from the
fork to the moment when the container's program runs.
"""

import hashlib
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import boxship
from tests.support.api import Api
from tests.support.archives import PATH, Entry, folder, link
from tests.support.attacks import Attacks
from tests.support.cli import Cli

EROFS, ETXTBSY = "-30", "-26"
EBADF = "-9"
LOADER = {"x86_64": "lib64/ld-linux-x86-64.so.2", "aarch64": "lib/ld-linux-aarch64.so.1"}[platform.machine()]
# After the user and the rights are the container's, the program is looked for: that long a search gives time.
SLOW_PATH = "PATH=" + ":".join(f"/nowhere/{number}" for number in range(6000)) + ":/bin"


def own_code() -> str:
    """A digest of what a container could want to change: the interpreter, its library, our package."""
    found = hashlib.sha256()
    libraries = Path(sys.base_prefix, "lib").glob("libpython*")
    package = Path(boxship.__file__).parent.rglob("*.py*")
    for file in (Path(sys.executable).resolve(), *sorted(libraries), *sorted(package)):
        if file.suffix != ".pyc":
            found.update(file.read_bytes())
    return found.hexdigest()


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    """After each test, nothing of ours has changed."""
    before = own_code()
    yield
    assert own_code() == before


@pytest.fixture(scope="module")
def image(api: Api, attacks: Attacks) -> str:
    """Its dynamic loader is an attack, and several of its names lead to the program that starts it."""
    loader = attacks.program("overwrite", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector")
    return attacks.load(
        api,
        "bx/escape-runtime:1",
        [
            *(folder(str(part)) for part in reversed(Path(LOADER).parents[:-1])),
            Entry(LOADER, loader, mode=0o755),
            folder("attack"),
            attacks.attack("watch"),
            link("attack/exe", "/proc/self/exe"),
            link("attack/first", "/proc/1/exe"),
            link("bin/python3", "/proc/self/exe"),
            Entry("attack/script", b"#!/proc/self/exe\n", mode=0o755),
            Entry("attack/script2", b"#!/attack/exe -c pass\n", mode=0o755),
        ],
    )


@pytest.mark.parametrize("program", ["/proc/self/exe", "/attack/exe", "/attack/script", "/attack/script2", "python3"])
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_the_interpreter_as_a_program_is_read_only(docker: Cli, image: str, name: str, verb: str, program: str) -> None:
    """Either it does not start, or what starts cannot write to it."""
    if verb == "run":
        said = docker("run", "--rm", "--cap-add", "SYS_PTRACE", image, program)
    else:
        docker("run", "-d", "--name", name, image, "sleep", "600").succeeded()
        said = docker("exec", name, program)
    if "started" in said.text.replace("unable to start", ""):
        tries = dict(line.split() for line in said.lines)
        assert tries.pop("started") == "0"
        assert tries.pop("written") == EBADF
        assert tries["truncate"] == tries["chmod"] == EROFS
        # The kernel asks first whether it runs.
        assert set(tries.values()) <= {EROFS, ETXTBSY}, tries
    else:
        assert said.code in (126, 127, 255), said


# Ways of an exec to take long, and to have something to hide.
EXECS = [(), ("-e", SLOW_PATH), ("-u", "1000", "-e", SLOW_PATH), ("-t",), ("-e", "SECRET=of-the-host")]


def watch(docker: Cli, image: str, name: str, options: tuple[str, ...], *words: str) -> list[str]:
    """What the hostile first process reached while others joined it, each way once; it must have seen some join."""
    docker("run", "-d", "--name", name, *options, image, "/attack/watch", *words).succeeded()
    for options in EXECS:
        docker("exec", *options, name, "true", timeout=60).succeeded()
    docker("exec", name, "touch", "/tmp/stop").succeeded()
    assert docker("wait", name).succeeded().text == "0"
    said = docker("logs", name).succeeded()
    first, *ways, last = said.lines
    assert first == "watching" and int(last.split()[1]) > 0, said
    return sorted(set(ways))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--security-opt", "seccomp=unconfined"),
        ("-u", "1000"),
        ("--cap-add", "NET_ADMIN", "--cap-add", "DAC_READ_SEARCH"),
    ],
    ids=["root", "unconfined", "user", "more rights"],
)
def test_who_joins_can_not_be_entered(docker: Cli, image: str, name: str, options: tuple[str, ...]) -> None:
    """Stopped at any moment: neither its descriptors nor its memory, root, namespaces or environment can be had."""
    assert watch(docker, image, name, options) == []


def test_who_may_trace_meets_nobody_with_more_rights(docker: Cli, image: str, name: str) -> None:
    """With CAP_SYS_PTRACE whoever joins can be entered: it must have given up its rights, and the engine's
    descriptors, before it is in the container's pid namespace.
    """
    assert watch(docker, image, name, ("--cap-add", "SYS_PTRACE"), "tracer") == []


def test_a_privileged_exec_watches_later_ones(docker: Cli, image: str, name: str) -> None:
    docker("run", "-d", "--name", name, image, "sleep", "600").succeeded()
    docker("exec", name, "true").succeeded()
    watcher = docker.start("exec", "--privileged", name, "/attack/watch", "tracer")
    assert watcher.stdout is not None and watcher.stdout.readline() == b"watching\n"
    for options in EXECS:
        docker("exec", *options, name, "true", timeout=60).succeeded()
    docker("exec", name, "touch", "/tmp/stop").succeeded()
    *ways, last = watcher.communicate(timeout=60)[0].decode().splitlines()
    # It has all rights itself; whoever comes later has the container's only.
    assert ways == [] and int(last.split()[1]) > 0


def test_execs_into_a_container_that_may_trace(docker: Cli, name: str) -> None:
    """They take another way in, with the same result."""
    docker("run", "-d", "--name", name, "--cap-add", "SYS_PTRACE", "bx/base:1", "sleep", "600").succeeded()
    show = ["sh", "-c", "id -u; ls /proc/self/fd | wc -l; grep -c . /proc/self/status; exit 7"]
    plain = docker("exec", name, *show)
    assert (plain.code, plain.lines[:2]) == (7, ["0", "4"])
    assert docker("exec", "-u", "1000", name, "id", "-G").succeeded().text == "1000 29 2000"
    assert docker("exec", "-i", name, "cat", stdin=b"in and out").succeeded().out == b"in and out"
    said = docker("exec", "-t", name, "sh", "-c", "tty; : > /dev/tty && echo controlled")
    assert said.succeeded().text.split() == ["/dev/pts/0", "controlled"]
    assert docker("exec", name, "no-such-program").code == 127
    assert docker("exec", name, "/etc/passwd").code == 126
    assert docker("exec", "-w", "/nowhere", name, "true").code in (126, 127)
    for _ in range(20):
        assert docker("exec", name, "echo", "soon over").succeeded().text == "soon over"
    sleeper = docker.start("exec", name, "sh", "-c", "echo up; sleep 600")
    assert sleeper.stdout is not None and sleeper.stdout.readline() == b"up\n"
    assert docker("rm", "-f", name).code == 0
    assert sleeper.wait(timeout=30) == 137
    sleeper.communicate()


def test_only_the_programs_own_environment_is_there(docker: Cli, name: str) -> None:
    """Nothing of the daemon's environment, command line or folders gets in."""
    docker("run", "-d", "--name", name, "bx/base:1", "sleep", "600").succeeded()
    for said in (docker("run", "--rm", "bx/base:1", "env"), docker("exec", name, "env")):
        names = {line.partition("=")[0] for line in said.succeeded().lines}
        assert names <= {"PATH", "HOSTNAME", "HOME", "container"}
        assert PATH in said.lines
    for file in ("cmdline", "environ"):
        said = docker("exec", name, "cat", f"/proc/1/{file}", "/proc/self/" + file)
        assert b"boxship" not in said.succeeded().out
