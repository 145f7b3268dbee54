"""Bodies of list and inspect, and the layer below every container."""

import os
import stat
from pathlib import Path

import pytest

from boxship.engine.container.create import clean_path
from boxship.engine.container.defaults import fill_in
from boxship.engine.container.init_layer import make_init_layer
from boxship.engine.container.inspect import config_body, host_body, state_body
from boxship.engine.container.list import command_text
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import ContainerState


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["sleep", "1"], "sleep 1"),
        (["sh", "-c", "echo hi"], "sh -c 'echo hi'"),
        (["echo", "it's a", 'b"c d', "x\\y", "", "tab\tb"], "echo 'it's a' 'b\"c d' x\\y  tab\tb"),
    ],
)
def test_commands_as_docker_shows_them(command: list[str], text: str) -> None:
    assert command_text(command) == text


def test_empty_keys_are_left_out_as_docker_does() -> None:
    assert {"Healthcheck", "StopTimeout", "Shell", "ExposedPorts"}.isdisjoint(config_body(ContainerConfig()))
    assert config_body(ContainerConfig(stop_timeout=0))["StopTimeout"] == 0
    assert {"Tmpfs", "Mounts", "Init", "Sysctls"}.isdisjoint(host_body(HostConfig()))
    assert host_body(HostConfig(init=False))["Init"] is False


def test_a_pause_between_two_tries_counts_as_running() -> None:
    body = state_body(ContainerState(phase="restarting", exit_code=3))
    assert (body["Running"], body["Restarting"], body["Status"], body["Pid"]) == (True, True, "restarting", 0)


def _filled(host: HostConfig, *, cgroup_v2: bool = False) -> HostConfig:
    return fill_in(
        host,
        cgroup_v2=cgroup_v2,
        log_driver="local",
        log_options={"max-file": "3"},
        runtime="boxship",
        ipc_mode="private",
        cgroupns_mode="",
        shm_size=0,
        masked_paths=["/proc/kcore"],
        readonly_paths=["/proc/sys"],
    )


def test_defaults_are_written_down() -> None:
    host = _filled(HostConfig(memory=1 << 26, memory_swappiness=-1, pids_limit=0))
    assert (host.network_mode, host.ipc_mode, host.cgroupns_mode) == ("bridge", "private", "host")
    assert (host.memory_swap, host.memory_swappiness, host.pids_limit) == (1 << 27, None, None)
    assert (host.log_config.type, host.log_config.config) == ("local", {"max-file": "3"})
    assert host.masked_paths == ["/proc/kcore"]
    assert _filled(HostConfig(), cgroup_v2=True).cgroupns_mode == "private"


def test_nothing_is_hidden_from_the_privileged() -> None:
    host = _filled(HostConfig(privileged=True))
    assert (host.masked_paths, host.readonly_paths) == (None, None)
    assert _filled(HostConfig(masked_paths=[])).masked_paths == []


@pytest.mark.parametrize(("path", "clean"), [("/a/../b/", "/b"), ("//x//y", "/x/y"), ("/..", "/"), ("/", "/")])
def test_paths(path: str, clean: str) -> None:
    assert clean_path(path) == clean


def test_the_init_layer(tmp_path: Path) -> None:
    folder = str(tmp_path / "init")
    mask = os.umask(0o077)
    try:
        make_init_layer(folder)
        make_init_layer(folder)
    finally:
        os.umask(mask)
    status = os.stat(f"{folder}/.dockerenv")
    assert (stat.S_IMODE(status.st_mode), status.st_size) == (0o755, 0)
    assert os.readlink(f"{folder}/etc/mtab") == "/proc/mounts"
    for name in ("dev/pts", "dev/shm", "proc", "sys", "etc"):
        assert stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode) == 0o755
