"""`boxship oci`: a container's life by the runtime's command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oci import Runtime


@pytest.fixture
def runtime(client_home: Path) -> Iterator[Runtime]:
    made = Runtime(client_home / "bin/busybox")
    try:
        yield made
    finally:
        made.close()


def test_create_start_state_kill_delete(runtime: Runtime) -> None:
    runtime.spec("sh", "-c", "echo ran >/out; sleep 600", annotations={"a": "b"})
    out = runtime.bundle / "rootfs/out"
    pid_file = runtime.folder / "pid"
    runtime.create("--pid-file", str(pid_file))
    state = runtime.state()
    assert state["status"] == "created" and state["pid"] == int(pid_file.read_text())
    assert (state["id"], state["bundle"], state["annotations"]) == (runtime.id, str(runtime.bundle), {"a": "b"})
    assert not out.exists()

    # Later changes of the bundle don't count.
    (runtime.bundle / "config.json").unlink()
    assert runtime.run("delete", runtime.id, check=False).returncode == 1
    runtime.run("start", runtime.id)
    assert runtime.state()["status"] == "running"
    again = runtime.run("start", runtime.id, check=False)
    assert again.returncode == 1 and "cannot start a container that is running" in again.stderr
    assert runtime.run("delete", runtime.id, check=False).returncode == 1
    runtime.run("kill", runtime.id, "KILL")
    runtime.wait_for("stopped")
    assert runtime.state()["pid"] == 0
    late = runtime.run("kill", runtime.id, check=False)
    assert late.returncode == 1 and "container not running" in late.stderr
    assert runtime.run("start", runtime.id, check=False).returncode == 1
    runtime.run("delete", runtime.id)
    assert out.read_text() == "ran\n"
    gone = runtime.run("state", runtime.id, check=False)
    assert gone.returncode == 1 and "does not exist" in gone.stderr


def test_a_container_without_a_program(runtime: Runtime) -> None:
    """As by crun: `create` makes it, `start` says that there is nothing to run and leaves it stopped; `run` refuses."""
    spec = runtime.spec("true")
    del spec["process"]
    (runtime.bundle / "config.json").write_text(json.dumps(spec))
    runtime.create()
    assert runtime.state()["status"] == "created"
    assert "has no process" in runtime.run("start", runtime.id).stderr
    assert runtime.state()["status"] == "stopped"
    again = runtime.run("start", runtime.id, check=False)
    assert again.returncode == 1 and "has stopped" in again.stderr
    runtime.run("delete", runtime.id)
    refused = runtime.run("run", "--bundle", str(runtime.bundle), runtime.id, check=False)
    assert refused.returncode == 1 and "has no process" in refused.stderr
    assert runtime.run("list", "-q").stdout == ""


def test_an_id_is_taken_once(runtime: Runtime) -> None:
    runtime.spec("sleep", "600")
    runtime.create()
    assert "already exists" in runtime.create(check=False).stderr
    assert runtime.state()["status"] == "created"
    bad = runtime.run("create", "--bundle", str(runtime.bundle), "../x", check=False)
    assert bad.returncode == 1 and "invalid container id" in bad.stderr


def test_a_program_that_is_not_there_fails_create(runtime: Runtime) -> None:
    assert 'exec: "nowhere": executable file not found in $PATH' in runtime.refusal("nowhere")


def test_errors_in_the_log_have_the_shape_that_podman_reads(runtime: Runtime) -> None:
    log = runtime.folder / "log"
    runtime.spec("nowhere")
    create = ("create", "--bundle", str(runtime.bundle), runtime.id)
    done = runtime.run("--log", str(log), "--log-format", "json", *create, check=False)
    line = json.loads(log.read_text().splitlines()[-1])
    assert line["level"] == "error" and "executable file not found" in line["msg"] and line["time"]
    assert line["msg"] in done.stderr


def test_a_failed_mount_leaves_nothing(runtime: Runtime) -> None:
    mounts = [{"destination": "/mnt", "type": "bind", "source": "/no/where", "options": ["rbind"]}]
    assert "mount source /no/where: no such file or directory" in runtime.refusal("true", mounts=mounts)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ociVersion": "2.0.0"}, "ociVersion 2.0.0 is not supported"),
        ({"ociVersion": "new"}, "is not a version"),
        ({"process__args": []}, "process.args must not be empty"),
        ({"process__cwd": "bin"}, "is not an absolute path"),
        ({"linux__intelRdt": {"closID": "x"}}, "linux.intelRdt is not supported"),
        ({"linux__sysctl": {"vm.swappiness": "1"}}, "not in a separate kernel namespace"),
        ({"linux__personality": {"domain": "BSD"}}, "linux.personality.domain"),
        ({"linux__timeOffsets": {"monotonic": {"secs": 1}}}, "time namespace"),
        ({"linux__namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "pid"}]}, "duplicated ns"),
        ({"linux__rootfsPropagation": "sideways"}, "unknown mount propagation"),
        ({"root__path": "none"}, "is not a folder"),
        ({"hooks__prestart": [{"path": "x"}]}, "is not absolute"),
        ({"process__scheduler": {"policy": "SCHED_NONE"}}, "scheduler policy 'SCHED_NONE' is not known"),
        ({"process__ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 9}}, "is not known"),
        ({"linux__uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}, "no user namespace"),
    ],
)
def test_what_cannot_be_had_is_said(runtime: Runtime, changes: dict[str, object], words: str) -> None:
    assert words in runtime.refusal("true", **changes)


def test_limits_that_are_given_twice_or_unknown(runtime: Runtime) -> None:
    limit = {"type": "RLIMIT_NOFILE", "soft": 5, "hard": 5}
    assert "given twice" in runtime.refusal("true", process__rlimits=[limit, limit])
    assert "not a resource limit" in runtime.refusal("true", process__rlimits=[{**limit, "type": "RLIMIT_X"}])


def test_exec_and_its_exit_code(runtime: Runtime) -> None:
    runtime.spec("sleep", "600")
    runtime.create()
    runtime.run("start", runtime.id)
    done = runtime.run(
        "exec",
        "-e",
        "A=b",
        "-u",
        "3:4",
        "--cwd",
        "/bin",
        runtime.id,
        "sh",
        "-c",
        "id -u; id -g; echo $A $PWD; exit 9",
        check=False,
    )
    assert (done.returncode, done.stdout) == (9, "3\n4\nb /bin\n")
    missing = runtime.run("exec", runtime.id, "nowhere", check=False)
    assert missing.returncode == 255 and "executable file not found" in missing.stderr

    process = runtime.folder / "process.json"
    process.write_text(
        json.dumps({"args": ["sleep", "601"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 5, "gid": 5}})
    )
    pid_file = runtime.folder / "pid"
    runtime.run("exec", "--detach", "--pid-file", str(pid_file), "--process", str(process), runtime.id)
    pids = json.loads(runtime.run("ps", "--format", "json", runtime.id).stdout)
    assert sorted(pids) == sorted([runtime.state()["pid"], int(pid_file.read_text())])
    runtime.run("kill", "--all", runtime.id, "KILL")
    runtime.wait_for("stopped")
    assert runtime.run("exec", runtime.id, "true", check=False).returncode == 255


@pytest.mark.parametrize("tracing", [True, False])
def test_exec_where_processes_may_trace(runtime: Runtime, tracing: bool) -> None:
    """Who joins such a container stays out of its pid namespace until it has given up its rights."""
    kinds = ("bounding", "effective", "permitted")
    capabilities = dict.fromkeys(kinds, ["CAP_SYS_PTRACE"] if tracing else [])
    runtime.spec("sleep", "600", process__capabilities=capabilities)
    runtime.create()
    runtime.run("start", runtime.id)
    done = runtime.run("exec", runtime.id, "sh", "-c", "cat /proc/self/status; exit 9", check=False)
    assert done.returncode == 9
    assert f"CapEff:\t{(1 << 19) * tracing:016x}\n" in done.stdout
    # In the container's pid namespace: at most a few processes have been there.
    assert int(done.stdout.partition("\nPid:\t")[2].split("\n")[0]) < 10
    assert "executable file not found" in runtime.run("exec", runtime.id, "nowhere", check=False).stderr
    assert json.loads(runtime.run("ps", "--format", "json", runtime.id).stdout) == [runtime.state()["pid"]]


def test_pause_resume_update_and_events(runtime: Runtime) -> None:
    runtime.spec("sleep", "600")
    runtime.create()
    runtime.run("start", runtime.id)
    runtime.run("pause", runtime.id)
    assert runtime.state()["status"] == "paused"
    assert runtime.run("exec", runtime.id, "true", check=False).returncode == 255
    runtime.run("resume", runtime.id)
    assert runtime.state()["status"] == "running"
    assert runtime.run("resume", runtime.id, check=False).returncode == 1
    runtime.run("update", "--pids-limit", "33", runtime.id)
    assert json.loads(runtime.run("events", "--stats", runtime.id).stdout)["data"]["pids"] == {
        "current": 1,
        "limit": 33,
    }
    # Paused, it dies all the same.
    runtime.run("pause", runtime.id)
    runtime.run("delete", "--force", runtime.id)


def test_the_terminals_master_goes_to_the_callers_socket(runtime: Runtime) -> None:
    runtime.spec("sh", "-c", "stat -c %t:%T /dev/console; read line; echo got $line", process__terminal=True)
    path = runtime.folder / "console"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        runtime.create("--console-socket", str(path))
        connection = listener.accept()[0]
        with connection:
            _, control, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
    master = struct.unpack("i", control[0][2])[0]
    runtime.run("start", runtime.id)
    os.write(master, b"hello\n")
    seen = b""
    while b"got hello" not in seen:
        seen += os.read(master, 4096)
    os.close(master)
    runtime.wait_for("stopped")
    runtime.run("delete", runtime.id)


def test_a_terminal_needs_a_place_to_go(runtime: Runtime) -> None:
    assert "--console-socket" in runtime.refusal("true", process__terminal=True)


def test_more_descriptors_are_handed_on_when_asked(runtime: Runtime) -> None:
    out = runtime.folder / "third"
    runtime.spec("sh", "-c", "echo through >&3")
    command = [*runtime.command("run", "--preserve-fds", "1", "--bundle", str(runtime.bundle), runtime.id)]
    subprocess.run(["sh", "-c", 'exec 3>"$1"; shift; exec "$@"', "sh", str(out), *command], check=True, timeout=60)
    assert out.read_text() == "through\n"
    missing = runtime.run("run", "--preserve-fds", "1", "--bundle", str(runtime.bundle), runtime.id, check=False)
    assert missing.returncode == 1 and "descriptor 3 is not open" in missing.stderr


def test_run_gives_the_programs_exit_code(runtime: Runtime) -> None:
    runtime.spec("sh", "-c", "exit 42")
    assert runtime.run("run", "--bundle", str(runtime.bundle), runtime.id, check=False).returncode == 42
    runtime.spec("sh", "-c", "kill -9 $$; sleep 9", linux__namespaces=[{"type": "mount"}])
    done = runtime.run("run", "--bundle", str(runtime.bundle), runtime.id, check=False)
    assert done.returncode == 128 + signal.SIGKILL


def test_a_killed_create_can_be_deleted(runtime: Runtime) -> None:
    (runtime.root / runtime.id).mkdir(parents=True)
    assert runtime.run("start", runtime.id, check=False).returncode == 1
    runtime.run("delete", "--force", runtime.id)
    assert runtime.run("list", "-q").stdout == ""


def test_spec_and_features(runtime: Runtime) -> None:
    (runtime.bundle / "config.json").unlink(missing_ok=True)
    runtime.run("spec", "--bundle", str(runtime.bundle))
    assert json.loads((runtime.bundle / "config.json").read_text())["process"]["args"] == ["sh"]
    assert runtime.run("spec", "--bundle", str(runtime.bundle), check=False).returncode == 1
    features = json.loads(runtime.run("features").stdout)
    assert "idmap" in features["mountOptions"] and "user" in features["linux"]["namespaces"]


def test_systemds_control_groups_are_asked_for_by_their_own_kind_of_path(runtime: Runtime) -> None:
    runtime.spec("true", linux__cgroupsPath="/a/path")
    create = ("create", "--bundle", str(runtime.bundle), runtime.id)
    done = runtime.run("--systemd-cgroup", *create, check=False)
    assert done.returncode == 1 and 'to be of format "slice:prefix:name"' in done.stderr
    assert runtime.run("list", "-q").stdout == ""
