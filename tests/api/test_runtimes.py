"""The same container under each OCI runtime: the built-in one, crun and runc.

All of tests/api and tests/facts run under another one with BOXSHIP_TEST_RUNTIME set to its name.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boxship.kernel.cgroup import Cgroup, detect
from tests.support.api import Api
from tests.support.cli import Cli, docker_cli
from tests.support.engine import Engine
from tests.support.terminal import Terminal

BASE = "bx/base:1"
RUNTIMES = ("boxship", "crun", "runc")
OTHERS = RUNTIMES[1:]
Keep = Callable[[Terminal], Terminal]

# What a program sees of its container and no runtime has a say in. crun shows every v1 hierarchy that the kernel has,
# mounted or not, and has its own attributes for what it masks below /proc.
PROBE = """
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)' /proc/self/status
ulimit -a
cat /proc/self/oom_score_adj
cat /proc/sys/kernel/domainname
cat /proc/sys/net/ipv4/ip_unprivileged_port_start
env | grep -v HOSTNAME | sort
pwd
cut -d' ' -f5,6 /proc/self/mountinfo | grep -v cgroup | sed 's|^\\(/proc/[^ ]*\\).*|\\1|' | sort
find /dev -type b -o -type c | grep -v pts/ | sort
ls -ld /dev/shm /dev/mqueue /dev/pts/ptmx /dev/null | cut -c1-10
touch /etc/written 2>&1
touch /proc/sys/kernel/domainname 2>&1
cat /proc/kcore 2>&1 | wc -c
ls /sys/firmware | wc -l
unshare -m true 2>&1
mknod /tmp/blk b 254 0 2>&1; cat /tmp/blk 2>&1
ip -o link 2>/dev/null | wc -l
"""
SIZE = "i=0; until stty size 2>/dev/null || [ $i -ge 100 ]; do i=$((i+1)); sleep 0.1; done; read x"
OPTION_SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("--user", "1000:1000", "--group-add", "7", "-w", "/tmp"),
    ("--read-only", "--tmpfs", "/scratch:size=1m", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    ("--privileged", "--hostname", "h", "--domainname", "d", "--ulimit", "nofile=100:200", "--oom-score-adj", "50"),
    ("--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--network", "host", "--uts", "host"),
    ("--shm-size", "1m", "--ipc", "private", "--sysctl", "net.ipv4.ip_unprivileged_port_start=80", "--memory", "64m"),
)


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """A runtime's name."""
    return str(request.param)


@pytest.mark.parametrize("options", OPTION_SETS, ids=lambda options: " ".join(options[:2]) or "none")
def test_a_program_sees_the_same(docker: Cli, name: str, options: tuple[str, ...]) -> None:
    """Credentials, limits, devices, mounts, and what is refused: equal under all three."""
    seen = {}
    for each in RUNTIMES:
        command = ("run", "--rm", "--name", f"{name}-{each}", "--runtime", each, *options, BASE, "sh", "-c", PROBE)
        seen[each] = docker(*command).text
    assert "CapEff" in seen["boxship"]
    for each in OTHERS:
        assert seen[each] == seen["boxship"], each


def test_streams_and_exit_code(docker: Cli, name: str, runtime: str) -> None:
    said = docker(
        *("run", "-i", "--rm", "--name", name, "--runtime", runtime, BASE),
        *("sh", "-c", "cat; echo error >&2; exit 7"),
        stdin=b"in" * 500_000,
    )
    assert (said.code, len(said.out), said.err.splitlines()[-1]) == (7, 1_000_000, b"error")


def test_a_terminal(docker: Cli, name: str, runtime: str, terminals: Keep) -> None:
    term = terminals(
        docker.terminal(
            *("run", "-it", "--rm", "--name", name, "--runtime", runtime, BASE),
            *("sh", "-c", "stty size; tty; ls -l /dev/console; read x; exit $x"),
            rows=33,
            columns=77,
        )
    )
    term.expect("33 77\r\n")
    term.expect("/dev/pts/0\r\n")
    term.expect("/dev/console\r\n")
    term.send("5\r")
    assert term.wait() == 5


def test_execs(docker: Cli, name: str, runtime: str, terminals: Keep) -> None:
    docker("run", "-d", "--name", name, "--runtime", runtime, "--group-add", "7", BASE, "sleep", "1000").succeeded()
    said = docker("exec", "-i", name, "sh", "-c", "id -G; cat; exit 9", stdin=b"given")
    assert (said.code, said.lines) == (9, ["0 7", "given"])
    assert docker("exec", "-u", "5:6", "-w", "/tmp", "-e", "A=b", name, "sh", "-c", "id -u; pwd; echo $A").lines == [
        *("5", "/tmp", "b")
    ]
    term = terminals(docker.terminal("exec", "-it", name, "sh", "-c", SIZE, rows=31, columns=91))
    term.expect("31 91\r\n")
    term.send("\r")
    assert term.wait() == 0
    missing = docker("exec", name, "nope")
    assert (missing.code, missing.text.rstrip("\r")) == (
        127,
        "OCI runtime exec failed: exec failed: unable to start container process: "
        'exec: "nope": executable file not found in $PATH',
    )
    assert docker("exec", name, "/etc").code == 126
    nobody = docker("exec", "-u", "nobody-there", name, "id")
    assert "unable to find user nobody-there: no matching entries in passwd file" in nobody.error
    # Processes that outlive their exec are no zombies of anybody's, and end with the container.
    docker("exec", "-d", name, "sh", "-c", "sleep 1000 & sleep 1000").succeeded()


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        (("nope",), 127, 'exec: "nope": executable file not found in $PATH'),
        (("/nope",), 127, 'exec: "/nope": stat /nope: no such file or directory'),
        (("/etc/passwd",), 126, 'exec: "/etc/passwd": permission denied'),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_a_command_that_cannot_run(
    docker: Cli, name: str, runtime: str, command: tuple[str, ...], code: int, text: str
) -> None:
    said = docker("run", "--name", name, "--runtime", runtime, BASE, *command)
    assert (said.code, said.out) == (code, b"")
    assert text in said.error
    assert docker("inspect", "-f", "{{.State.ExitCode}} {{.State.Status}}", name).text == f"{code} created"
    assert docker("logs", name).out == b""


def test_users_of_the_image(docker: Cli, name: str, runtime: str) -> None:
    """By name, from a passwd file that is bound in, and not through a link that leads out."""
    write = "echo 'ann:x:77:78::/home/ann:/bin/sh' > /etc/passwd; ln -sf /proc/1/root/etc/group /etc/group"
    docker("run", "--name", name, "--runtime", runtime, BASE, "sh", "-c", write).succeeded()
    unknown = docker("run", "--rm", "--runtime", runtime, "--user", "no:no", BASE, "id")
    assert (unknown.code, "unable to find user no: no matching entries in passwd file" in unknown.error) == (125, True)


def test_a_bound_passwd_file(docker: Cli, name: str, runtime: str, tmp_path: Path) -> None:
    passwd = tmp_path / "passwd"
    passwd.write_text("ann:x:77:78::/home/ann:/bin/sh\n")
    said = docker(
        *("run", "--rm", "--name", name, "--runtime", runtime, "-v", f"{passwd}:/etc/passwd:ro", "--user", "ann"),
        *(BASE, "sh", "-c", "id -u; id -g; echo $HOME"),
    )
    assert said.lines == ["77", "78", "/home/ann"]


def test_shared_namespaces(docker: Cli, name: str, runtime: str) -> None:
    docker("run", "-d", "--name", name, "--runtime", runtime, "--ipc", "shareable", BASE, "sleep", "1000").succeeded()
    shared = (f"--pid=container:{name}", f"--ipc=container:{name}", f"--network=container:{name}")
    said = docker("run", "--rm", "--name", f"{name}-b", "--runtime", runtime, *shared, BASE, "cat", "/proc/1/cmdline")
    assert said.out == b"sleep\x001000\x00"
    docker("exec", name, "true").succeeded()


def test_signals_end_it(docker: Cli, name: str, runtime: str) -> None:
    trap = 'trap "echo bye; exit 4" TERM; while :; do sleep 0.05; done'
    docker("run", "-d", "--name", name, "--runtime", runtime, BASE, "sh", "-c", trap).succeeded()
    docker("stop", name).succeeded()
    assert docker("logs", name).text == "bye"
    assert docker("inspect", "-f", "{{.State.ExitCode}}", name).text == "4"
    docker("start", name).succeeded()
    docker("kill", name).succeeded()
    assert docker("wait", name).text == "137"


def test_the_kernel_kills_it_for_memory(docker: Cli, name: str, runtime: str) -> None:
    eat = "x=a; while :; do x=$x$x; done"
    options = ("--memory", "20m", "--memory-swap", "20m")
    docker("run", "--name", name, "--runtime", runtime, *options, BASE, "sh", "-c", eat)
    assert docker("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", name).text == "true 137"


def test_nothing_is_left_in_the_control_groups(
    docker: Cli, engine: Engine, name: str, runtime: str, tmp_path: Path
) -> None:
    cidfile = tmp_path / "cid"
    run = ("run", "--name", name, "--cidfile", str(cidfile), "--runtime", runtime, BASE, "sh", "-c", "true &")
    docker(*run).succeeded()
    docker("rm", name).succeeded()
    group = Cgroup(f"/boxship/{engine.instance}/{cidfile.read_text()}", detect())
    deadline = time.monotonic() + 20
    while left := [folder for _, folder in group.folders if Path(folder).exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_names(docker: Cli, api: Api, name: str, runtime: str) -> None:
    docker("create", "--name", name, "--runtime", runtime, BASE, "true").succeeded()
    assert docker("inspect", "-f", "{{.HostConfig.Runtime}}", name).text == runtime
    info = api.request("GET", "/v1.51/info").json
    assert set(info["Runtimes"]) >= {*RUNTIMES, "io.containerd.runc.v2"}


def test_dockers_name_for_runc_is_kept(docker: Cli, name: str) -> None:
    alias = "io.containerd.runc.v2"
    docker("run", "--name", name, "--runtime", alias, BASE, "true").succeeded()
    assert docker("inspect", "-f", "{{.HostConfig.Runtime}}", name).text == alias


def test_an_unknown_name(api: Api) -> None:
    answer = api.request("POST", "/v1.51/containers/create", {"Image": BASE, "HostConfig": {"Runtime": "nope"}})
    assert (answer.status, answer.json) == (400, {"message": "unknown or invalid runtime name: nope"})


@pytest.fixture(params=OTHERS)
def own_engine(request: pytest.FixtureRequest, image_archive: bytes, tmp_path: Path) -> Iterator[Engine]:
    """A daemon whose default is another runtime, by a name and options of its own configuration."""
    config = tmp_path / "config.toml"
    script = tmp_path / "gone"
    config.write_text(
        f'[runtimes.mine]\npath = "{request.param}"\nruntimeArgs = ["--debug"]\n[runtimes.gone]\npath = "{script}"\n'
    )
    running = Engine("--config", str(config), "--default-runtime", "mine").start()
    try:
        headers = {"Content-Type": "application/x-tar"}
        running.api.request("POST", "/images/load", image_archive, headers=headers)
        yield running
    finally:
        running.close()


def test_a_configured_runtime_outlives_the_daemon(own_engine: Engine, client_home: Path, tmp_path: Path) -> None:
    """Containers, execs, their exit codes and logs, while no daemon runs; then all of it is taken over."""
    docker = docker_cli(client_home, own_engine.host, tmp_path / "docker")
    go = "until [ -e /{0} ]; do sleep 0.05; done; echo {0}; exit {1}"
    docker("run", "-d", "--name", "ends", BASE, "sh", "-c", go.format("go", 9)).succeeded()
    docker("run", "-d", "--name", "stays", BASE, "sh", "-c", go.format("go", 8)).succeeded()
    created = own_engine.api.request("POST", "/containers/stays/exec", {"Cmd": ["sh", "-c", go.format("exec", 5)]})
    exec_id = created.json["Id"]
    assert own_engine.api.request("POST", f"/exec/{exec_id}/start", {"Detach": True}).status == 200
    docker("exec", "ends", "sh", "-c", "(sleep 1; touch /go) &").succeeded()
    docker("exec", "stays", "sh", "-c", "(sleep 1; touch /exec) &").succeeded()
    own_engine.kill()
    time.sleep(2)
    own_engine.start()
    assert docker("inspect", "-f", "{{.HostConfig.Runtime}} {{.State.ExitCode}}", "ends").text == "mine 9"
    assert docker("logs", "ends").text == "go"
    assert own_engine.api.request("GET", f"/exec/{exec_id}/json").json["ExitCode"] == 5
    docker("exec", "stays", "touch", "/go").succeeded()
    assert docker("wait", "stays").text == "8"
    docker("rm", "ends", "stays").succeeded()


def test_a_runtime_that_is_not_there_any_more(own_engine: Engine, client_home: Path, tmp_path: Path) -> None:
    docker = docker_cli(client_home, own_engine.host, tmp_path / "docker")
    said = docker("run", "--rm", "--runtime", "gone", BASE, "true")
    assert said.code == 127
    assert f"unable to run the OCI runtime {tmp_path}/gone: no such file or directory" in said.error


def test_our_own_oci_command_line(image_archive: bytes, client_home: Path, tmp_path: Path) -> None:
    """`boxship oci` is a runtime like any other."""
    config = tmp_path / "config.toml"
    program = Path(sys.executable).parent / "boxship"
    config.write_text(f'[runtimes.oci]\npath = "{program}"\nruntimeArgs = ["oci"]\n')
    running = Engine("--config", str(config), "--default-runtime", "oci").start()
    try:
        running.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        docker = docker_cli(client_home, running.host, tmp_path / "docker")
        said = docker("run", "-i", "--rm", "-u", "5:6", BASE, "sh", "-c", "id -u; cat; exit 7", stdin=b"in")
        assert (said.code, said.lines) == (7, ["5", "in"])
        assert docker("run", "--rm", "-t", BASE, "tty").text.strip() == "/dev/pts/0"
        missing = docker("run", "--rm", BASE, "nope")
        assert (missing.code, 'exec: "nope": executable file not found in $PATH' in missing.error) == (127, True)
        docker("run", "-d", "--name", "oci", BASE, "sleep", "600").succeeded()
        assert docker("exec", "oci", "sh", "-c", "exit 9").code == 9
        assert docker("exec", "oci", "nope").code == 127
        docker("rm", "-f", "oci").succeeded()
    finally:
        running.close()
