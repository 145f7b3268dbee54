"""A container that is stopped before it has set its handlers."""

import os
import subprocess
import sys
import time

import pytest

from boxship.engine.container.early_signal import drops
from tests.api.test_lifecycle import actions, create, post, state, until
from tests.support.api import Api

SLOW = 'sleep 0.6; echo ready; trap "exit 7" TERM; trap "echo once" USR1; while :; do sleep 0.05; done'


@pytest.mark.parametrize("verb", ["stop?t=8", "kill?signal=TERM"])
def test_the_signal_is_not_lost(api: Api, name: str, verb: str) -> None:
    create(api, name, "sh", "-c", SLOW)
    assert post(api, f"/containers/{name}/start").status == 204
    assert post(api, f"/containers/{name}/{verb}").status == 204
    until(lambda: state(api, name)["Status"] == "exited", "the end")
    assert state(api, name)["ExitCode"] == 7
    assert actions(api, name).count("kill") == 1


def test_it_comes_once(api: Api, name: str) -> None:
    """A signal that was not dropped is not sent again."""
    create(api, name, "sh", "-c", SLOW.replace("sleep 0.6; ", ""))
    post(api, f"/containers/{name}/start")
    until(lambda: b"ready" in api.request("GET", f"/containers/{name}/logs?stdout=1").body, "its handlers")
    time.sleep(0.1)
    post(api, f"/containers/{name}/kill?signal=USR1")
    time.sleep(0.5)
    assert api.request("GET", f"/containers/{name}/logs?stdout=1").body.count(b"once") == 1


def test_a_program_without_handlers_is_killed_as_ever(api: Api, name: str) -> None:
    create(api, name, "sleep", "600")
    post(api, f"/containers/{name}/start")
    assert post(api, f"/containers/{name}/stop?t=1").status == 204
    assert state(api, name)["ExitCode"] == 137


def test_only_first_processes_drop_signals() -> None:
    assert not drops(os.getpid(), 15)
    assert not drops(1 << 30, 15)
    program = "import signal, sys; signal.signal(15, print); print('x', flush=True); sys.stdin.read()"
    command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            first = int(file.read().split()[0])
        assert not drops(first, 15)
        assert drops(first, 10)
        process.stdin.close()
