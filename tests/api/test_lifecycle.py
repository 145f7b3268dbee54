"""A container's life over the raw API: what is told, in which order, to whom."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import Answer, Api, frames
from tests.support.cli import Cli
from tests.support.engine import Engine

BASE = "bx/base:1"
V = "/v1.51"


def create(api: Api, name: str, *command: str, **more: Any) -> str:
    """Make a container; its id."""
    host = more.pop("HostConfig", {"NetworkMode": "none"})
    body = {"Image": BASE, "Cmd": list(command), "HostConfig": host, **more}
    answer = api.request("POST", f"{V}/containers/create?name={name}", body)
    assert answer.status == 201, answer.value
    return str(answer.json["Id"])


def post(api: Api, path: str, body: Any = None) -> Answer:
    return api.request("POST", f"{V}{path}", body)


def state(api: Api, ref: str) -> dict[str, Any]:
    found: dict[str, Any] = api.request("GET", f"{V}/containers/{ref}/json").json["State"]
    return found


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, f"waited 30 s for {what}"
        time.sleep(0.02)


def events(api: Api, container: str) -> list[dict[str, Any]]:
    """What has been told of one container, but for its comings and goings in networks."""
    wanted = quote(json.dumps({"container": [container], "type": ["container"]}))
    answer = api.request("GET", f"{V}/events?since=1&until={time.time():.6f}&filters={wanted}")
    return [json.loads(line) for line in answer.body.splitlines() if line]


def actions(api: Api, container: str) -> list[str]:
    return [event["Action"] for event in events(api, container)]


def test_from_create_to_remove(api: Api, name: str) -> None:
    container = create(api, name, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert state(api, name)["Status"] == "created"
    assert post(api, f"/containers/{name}/start").status == 204
    assert post(api, f"/containers/{name}/wait").json == {"StatusCode": 3}
    ended = state(api, name)
    assert (ended["Status"], ended["Running"], ended["Pid"], ended["ExitCode"]) == ("exited", False, 0, 3)
    assert "0001" not in ended["StartedAt"]
    logged = api.request("GET", f"{V}/containers/{name}/logs?stdout=1&stderr=1")
    assert sorted(frames(logged.body)) == [(1, b"out\n"), (2, b"err\n")]
    assert api.request("DELETE", f"{V}/containers/{name}").status == 204
    assert api.request("GET", f"{V}/containers/{name}/json").status == 404
    told = events(api, container)
    assert [event["Action"] for event in told] == ["create", "start", "die", "destroy"]
    assert told[2]["Actor"]["Attributes"] == {"execDuration": "0", "exitCode": "3", "image": BASE, "name": name}


def test_a_client_attached_before_the_start_misses_nothing(api: Api, name: str) -> None:
    create(api, name, "sh", "-c", "echo first; cat; echo last", OpenStdin=True, StdinOnce=True, AttachStdin=True)
    stream = api.hijack(f"{V}/containers/{name}/attach?stream=1&stdin=1&stdout=1&stderr=1", early=b"early ")
    assert stream.status == 101
    assert post(api, f"/containers/{name}/start").status == 204
    stream.sock.sendall(b"late\n")
    stream.half_close()
    assert frames(stream.read_all()) == [(1, b"first\nearly late\nlast\n")]
    stream.close()
    assert post(api, f"/containers/{name}/wait").json == {"StatusCode": 0}


@pytest.mark.parametrize("condition", ["next-exit", "removed"])
def test_wait_registers_before_the_start(api: Api, name: str, condition: str) -> None:
    create(api, name, "sh", "-c", "exit 4", HostConfig={"NetworkMode": "none", "AutoRemove": condition == "removed"})
    waiting = api.stream("POST", f"{V}/containers/{name}/wait?condition={condition}")
    assert post(api, f"/containers/{name}/start").status == 204
    assert json.loads(waiting.read()) == {"StatusCode": 4}
    if condition == "removed":
        assert api.request("GET", f"{V}/containers/{name}/json").status == 404


def test_wait_is_not_deceived_by_a_start_that_fails(api: Api, name: str) -> None:
    create(api, name, "no-such-program")
    assert post(api, f"/containers/{name}/start").status == 400
    answer = post(api, f"/containers/{name}/wait").json
    assert answer["StatusCode"] == 127
    assert answer["Error"]["Message"].endswith('exec: "no-such-program": executable file not found in $PATH')
    assert state(api, name)["Status"] == "created"


def test_attached_clients_of_a_failed_start_are_let_go(api: Api, name: str) -> None:
    create(api, name, "no-such-program")
    stream = api.hijack(f"{V}/containers/{name}/attach?stream=1&stdout=1")
    assert post(api, f"/containers/{name}/start").status == 400
    assert stream.read_all() == b""
    stream.close()


def test_many_starts_at_once_are_one(api: Api, name: str) -> None:
    container = create(api, name, "sleep", "600")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post(api, f"/containers/{name}/start").status, range(12)))
    assert sorted(answers) == [204] + [304] * 11
    assert actions(api, container) == ["create", "start"]


def test_a_name_is_given_once(api: Api, name: str) -> None:
    body = {"Image": BASE, "Cmd": ["true"]}
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post(api, f"/containers/create?name={name}", body), range(12)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 11
    refused = next(answer for answer in answers if answer.status == 409)
    made = next(answer for answer in answers if answer.status == 201)
    assert refused.json["message"] == (
        f'Conflict. The container name "/{name}" is already in use by container "{made.json["Id"]}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )


def test_many_removals_at_once_are_one(api: Api, name: str) -> None:
    create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.request("DELETE", f"{V}/containers/{name}?force=1").status, range(8)))
    assert answers.count(204) == 1
    assert set(answers) <= {204, 404, 409}


def test_stop_asks_with_the_containers_signal(api: Api, name: str) -> None:
    script = 'trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done'
    container = create(api, name, "sh", "-c", script, StopSignal="SIGUSR1", StopTimeout=30)
    post(api, f"/containers/{name}/start")
    until(lambda: b"ready" in api.request("GET", f"{V}/containers/{name}/logs?stdout=1").body, "the trap")
    assert post(api, f"/containers/{name}/stop").status == 204
    assert state(api, name)["ExitCode"] == 9
    assert post(api, f"/containers/{name}/stop").status == 304
    told = events(api, container)
    assert [event["Action"] for event in told] == ["create", "start", "kill", "stop", "die"]
    assert told[2]["Actor"]["Attributes"]["signal"] == "10"


def test_stop_kills_what_does_not_listen(api: Api, name: str) -> None:
    container = create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    assert post(api, f"/containers/{name}/stop?t=0").status == 204
    assert state(api, name)["ExitCode"] == 137
    signals = [event["Actor"]["Attributes"]["signal"] for event in events(api, container) if event["Action"] == "kill"]
    assert signals == ["15", "9"]


def test_restart_keeps_an_rm_container(api: Api, name: str) -> None:
    create(api, name, "sleep", "600", HostConfig={"NetworkMode": "none", "AutoRemove": True})
    post(api, f"/containers/{name}/start")
    first = state(api, name)["Pid"]
    assert post(api, f"/containers/{name}/restart?t=0").status == 204
    assert state(api, name)["Running"]
    assert state(api, name)["Pid"] != first
    assert post(api, f"/containers/{name}/kill").status == 204
    until(lambda: api.request("GET", f"{V}/containers/{name}/json").status == 404, "the removal")


def test_on_failure_tries_so_often(api: Api, name: str) -> None:
    policy = {"Name": "on-failure", "MaximumRetryCount": 2}
    container = create(api, name, "sh", "-c", "exit 5", HostConfig={"RestartPolicy": policy})
    post(api, f"/containers/{name}/start")
    until(lambda: actions(api, container).count("die") == 3, "three exits")
    until(lambda: state(api, name)["Status"] == "exited", "the end")
    found = api.request("GET", f"{V}/containers/{name}/json").json
    assert (found["RestartCount"], found["State"]["ExitCode"]) == (2, 5)


def test_between_two_tries(api: Api, name: str) -> None:
    create(api, name, "sh", "-c", "exit 1", HostConfig={"RestartPolicy": {"Name": "always"}})
    post(api, f"/containers/{name}/start")
    # The pauses grow: soon one is long enough to look into.
    until(lambda: api.request("GET", f"{V}/containers/{name}/json").json["RestartCount"] >= 4, "some tries")
    until(lambda: state(api, name)["Restarting"], "a pause")
    found = state(api, name)
    assert (found["Status"], found["Running"], found["Pid"]) == ("restarting", True, 0)
    refused = api.request("DELETE", f"{V}/containers/{name}")
    assert refused.json["message"] == (
        f'cannot remove container "{name}": container is restarting: stop the container before removing or force remove'
    )
    assert post(api, f"/containers/{name}/exec", {"Cmd": ["true"]}).status == 409
    assert post(api, f"/containers/{name}/stop").status == 204
    assert state(api, name)["Status"] == "exited"


def test_a_person_ends_a_policy(api: Api, name: str) -> None:
    create(api, name, "sleep", "600", HostConfig={"RestartPolicy": {"Name": "always"}})
    post(api, f"/containers/{name}/start")
    assert post(api, f"/containers/{name}/kill").status == 204
    assert state(api, name)["Status"] == "exited"
    assert post(api, f"/containers/{name}/start").status == 204
    assert state(api, name)["Running"]


def test_an_exec_runs_once(api: Api, name: str) -> None:
    create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    made = post(api, f"/containers/{name}/exec", {"Cmd": ["sh", "-c", "exit 6"]}).json["Id"]
    assert post(api, f"/exec/{made}/start", {"Detach": True}).status == 200
    assert post(api, f"/exec/{made}/start", {"Detach": True}).status == 409
    until(lambda: api.request("GET", f"{V}/exec/{made}/json").json["ExitCode"] == 6, "the exit code")


def test_an_exec_that_cannot_run_tells_no_death(api: Api, name: str) -> None:
    container = create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    made = post(api, f"/containers/{name}/exec", {"Cmd": ["no-such"]}).json["Id"]
    answer = post(api, f"/exec/{made}/start", {"Detach": True})
    assert answer.status == 400
    assert answer.json["message"].endswith('exec: "no-such": executable file not found in $PATH')
    assert api.request("GET", f"{V}/exec/{made}/json").json["ExitCode"] == 127
    assert actions(api, container) == ["create", "start", "exec_create: no-such ", "exec_start: no-such "]


def test_a_client_that_hangs_up_does_not_undo_a_start(api: Api, name: str) -> None:
    create(api, name, "sleep", "600")
    connection = api.hijack(f"{V}/containers/{name}/attach?stream=1&stdout=1")
    connection.close()
    assert post(api, f"/containers/{name}/start").status == 204
    assert state(api, name)["Running"]


def test_an_events_reader_that_does_not_read_blocks_nobody(api: Api, name: str) -> None:
    silent = api.stream("GET", f"{V}/events")
    container = create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    for _ in range(300):
        post(api, f"/containers/{name}/kill?signal=CONT")
    assert actions(api, container).count("kill") == 300
    silent.close()


def test_out_of_memory_is_told(api: Api, name: str) -> None:
    limits = {"NetworkMode": "none", "Memory": 16 << 20, "MemorySwap": 16 << 20}
    container = create(api, name, "tail", "/dev/zero", HostConfig=limits)
    post(api, f"/containers/{name}/start")
    assert post(api, f"/containers/{name}/wait").json == {"StatusCode": 137}
    ended = state(api, name)
    assert (ended["ExitCode"], ended["OOMKilled"]) == (137, True)
    assert actions(api, container) == ["create", "start", "oom", "die"]


def test_out_of_memory_is_told_while_the_container_lives_on(api: Api, name: str) -> None:
    """Whoever is killed: an exec, or a child of the first process."""
    limits = {"NetworkMode": "none", "Memory": 16 << 20, "MemorySwap": 16 << 20}
    script = "tail /dev/zero; read line; exit 3"
    container = create(api, name, "sh", "-c", script, OpenStdin=True, HostConfig=limits)
    stream = api.hijack(f"{V}/containers/{name}/attach?stream=1&stdin=1")
    post(api, f"/containers/{name}/start")
    until(lambda: actions(api, container) == ["create", "attach", "start", "oom"], "the first kill")
    assert (state(api, name)["Running"], state(api, name)["OOMKilled"]) == (True, True)

    made = post(api, f"/containers/{name}/exec", {"Cmd": ["tail", "/dev/zero"]}).json["Id"]
    post(api, f"/exec/{made}/start", {"Detach": True})
    until(lambda: {"exec_die": 1, "oom": 2}.items() <= Counter(actions(api, container)).items(), "the exec's end")

    stream.sock.sendall(b"go\n")
    assert post(api, f"/containers/{name}/wait").json == {"StatusCode": 3}
    stream.close()
    assert state(api, name)["OOMKilled"]
    assert actions(api, container)[-1] == "die" and actions(api, container).count("oom") == 2


def test_a_followed_log_ends_with_the_container(api: Api, name: str) -> None:
    create(api, name, "sh", "-c", "echo one; read line; echo two; printf three", OpenStdin=True, StdinOnce=True)
    stream = api.hijack(f"{V}/containers/{name}/attach?stream=1&stdin=1")
    post(api, f"/containers/{name}/start")
    follower = api.stream("GET", f"{V}/containers/{name}/logs?stdout=1&follow=1")
    assert follower.read(12) == b"\x01\0\0\0\0\0\0\x04one\n"
    stream.sock.sendall(b"go\n")
    assert frames(follower.read()) == [(1, b"two\nthree")]
    stream.close()


def test_attach_with_logs_misses_nothing(api: Api, name: str) -> None:
    script = "echo before; while read line; do echo got $line; done"
    create(api, name, "sh", "-c", script, OpenStdin=True, StdinOnce=True)
    post(api, f"/containers/{name}/start")
    until(lambda: b"before" in api.request("GET", f"{V}/containers/{name}/logs?stdout=1").body, "the first line")
    stream = api.hijack(f"{V}/containers/{name}/attach?stream=1&logs=1&stdin=1&stdout=1", early=b"one\n")
    stream.sock.sendall(b"two\n")
    stream.half_close()
    assert frames(stream.read_all()) == [(1, b"before\ngot one\ngot two\n")]
    stream.close()


def test_names_are_made_up(api: Api) -> None:
    answer = post(api, "/containers/create", {"Image": BASE, "Cmd": ["true"]})
    container = answer.json["Id"]
    given = api.request("GET", f"{V}/containers/{container}/json").json["Name"]
    mood, _, surname = given.removeprefix("/").partition("_")
    assert mood.isalpha()
    assert surname.isalnum()
    assert api.request("DELETE", f"{V}/containers/{container[:12]}").status == 204


def test_the_unfinished_last_line_of_an_ended_log_comes_once(fresh_docker: Cli) -> None:
    fresh_docker("run", "--name", "logged", "--network", "none", "bx/base:1", "sh", "-c", "echo one; printf two")
    assert fresh_docker("logs", "-f", "--tail", "1", "logged").text == "two"


def test_a_log_is_followed_without_inotify(fresh_engine: Engine, fresh_docker: Cli) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    before = limit.read_text()
    script = "echo a; sleep 1; echo b"
    fresh_docker("run", "-d", "--name", "logged", "--network", "none", "bx/base:1", "sh", "-c", script)
    limit.write_text("1")
    try:
        assert fresh_docker("logs", "-f", "logged").text == "a\nb"
    finally:
        limit.write_text(before)


def test_a_signal_after_the_first_output_is_never_too_early(api: Api, name: str) -> None:
    """The process may be heard before its start is recorded and answered."""
    for number in range(20):
        container = create(api, f"{name}-{number}", "sh", "-c", "echo ready; exec sleep 60")
        stream = api.hijack(f"{V}/containers/{container}/attach?stream=1&stdout=1")
        with ThreadPoolExecutor(1) as pool:
            start = pool.submit(post, api, f"/containers/{container}/start")
            stream.read_until(b"ready")
            assert post(api, f"/containers/{container}/kill").status == 204
            assert start.result().status == 204
        stream.close()


def test_a_client_that_attaches_during_the_start_is_served(api: Api, name: str) -> None:
    for number in range(20):
        container = create(api, f"{name}-{number}", "sh", "-c", "sleep 0.2; echo seen")
        with ThreadPoolExecutor(1) as pool:
            start = pool.submit(post, api, f"/containers/{container}/start")
            time.sleep(0.001 * number)
            stream = api.hijack(f"{V}/containers/{container}/attach?stream=1&stdout=1")
            assert b"seen" in stream.read_all()
            assert start.result().status == 204


def test_a_start_changes_nothing_in_the_container(api: Api, name: str) -> None:
    """Mount points lie in a layer below: the writable one holds what the container wrote."""
    create(api, name, "sh", "-c", "touch /mine")
    assert post(api, f"/containers/{name}/start").status == 204
    assert post(api, f"/containers/{name}/wait").status == 200
    data = api.request("GET", f"{V}/containers/{name}/json").json["GraphDriver"]["Data"]
    assert os.listdir(data["UpperDir"]) == ["mine"]
