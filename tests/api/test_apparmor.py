"""AppArmor: where the kernel has it, containers are confined by a profile of ours; elsewhere that is said."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.runtime.apparmor import loaded_profiles
from boxship.runtime.host import find_features
from boxship.runtime.profiles.apparmor import DEFAULT_PROFILE, profile_text
from tests.support.api import Api
from tests.support.cli import Cli

BASE = "bx/base:1"
FEATURES = find_features()
CONFINES = FEATURES.apparmor and bool(FEATURES.apparmor_parser)
OWN = "cat /proc/self/attr/apparmor/current 2>/dev/null || echo none"


def parser(*options: str, text: str) -> None:
    """apparmor_parser on a profile."""
    subprocess.run([FEATURES.apparmor_parser, "-K", *options], input=text.encode(), check=True, capture_output=True)


@pytest.fixture
def profile() -> Iterator[str]:
    """A profile of a person's own, in the kernel as long as the test runs."""
    text = 'profile "boxship-test" flags=(attach_disconnected) { file, capability, network, deny /etc/motd r, }\n'
    if CONFINES:
        parser("-r", text=text)
    yield "boxship-test"
    if CONFINES:
        parser("-R", text=text)


def confinement(docker: Cli, *words: str) -> str:
    return docker("run", "--rm", *words, BASE, "sh", "-c", OWN).succeeded().text


def test_the_profile_of_a_container(docker: Cli) -> None:
    """By default ours, and none where a person says so or asks for every right."""
    default = f"{DEFAULT_PROFILE} (enforce)" if CONFINES else "none"
    free = "unconfined" if FEATURES.apparmor else "none"
    assert confinement(docker) == default
    assert confinement(docker, "--security-opt", "apparmor=docker-default") == default
    assert confinement(docker, "--user", "1000", "--security-opt", "no-new-privileges", "--init") == default
    assert confinement(docker, "--security-opt", "apparmor=unconfined") == free
    assert confinement(docker, "--privileged") == free


def test_an_exec_is_confined_as_the_container_is(docker: Cli, name: str, profile: str) -> None:
    """Also a privileged one: it does not leave the container's profile."""
    docker("run", "-d", "--name", name, "--security-opt", f"apparmor={profile}", BASE, "sleep", "100").succeeded()
    wanted = f"{profile} (enforce)" if CONFINES else "none"
    for options in ((), ("--privileged",), ("--user", "1000")):
        assert docker("exec", *options, name, "sh", "-c", OWN).succeeded().text == wanted


def test_what_it_denies(docker: Cli) -> None:
    """What reaches the machine stays shut with every capability and no path masked; the rest is free."""
    tries = (
        ": >/proc/sysrq-trigger",
        ": >/proc/sys/kernel/core_pattern",
        "mkdir -p /m && mount -t tmpfs none /m",
        ": >/sys/kernel/mm/transparent_hugepage/enabled",
    )
    words = ("--cap-add", "ALL", "--security-opt", "systempaths=unconfined", "-v", "/sys:/sys")
    for text in tries:
        confined = docker("run", "--rm", *words, BASE, "sh", "-c", text)
        free = docker("run", "--rm", *words, "--security-opt", "apparmor=unconfined", BASE, "sh", "-c", text)
        if CONFINES:
            assert confined.code != 0, text
            assert "ermission denied" in confined.error
        assert "ermission denied" not in free.error, text
    shared = "echo 65536 >/proc/sys/kernel/shmmax && cat /proc/sys/kernel/shmmax && kill -0 1 && ls /proc/1/fd >&2"
    own = docker("run", "--rm", "--security-opt", "systempaths=unconfined", BASE, "sh", "-c", shared)
    assert own.succeeded().text == "65536"


def test_a_profile_of_a_persons_own(docker: Cli, profile: str) -> None:
    """It confines instead of ours; where there is no AppArmor, a warning says that it has no effect."""
    said = docker("run", "--rm", "--security-opt", f"apparmor={profile}", BASE, "cat", "/etc/motd")
    if FEATURES.apparmor:
        assert (said.code, said.text) == (1, "")
        assert "Permission denied" in said.error
    else:
        assert said.code == 0
        assert f"does not support AppArmor: the profile {profile} has no effect" in said.error


def test_a_profile_that_is_not_loaded(docker: Cli, name: str) -> None:
    """Nothing runs with less than was asked for."""
    said = docker("run", "--name", name, "--security-opt", "apparmor=bx-none", BASE, "true")
    if FEATURES.apparmor:
        assert said.code == 127
        assert "apparmor failed to apply profile" in said.error
        assert "apparmor_parser -r" in said.error
    else:
        assert said.code == 0


def test_ours_is_loaded_again_when_it_is_gone(docker: Cli) -> None:
    """As after a restart of the machine's own AppArmor service."""
    if CONFINES:
        parser("-R", text=profile_text())
        assert DEFAULT_PROFILE not in loaded_profiles()
    assert confinement(docker) == (f"{DEFAULT_PROFILE} (enforce)" if CONFINES else "none")


def test_what_the_api_says(api: Api, docker: Cli, name: str) -> None:
    """`docker info` lists the module, `docker inspect` names the profile once the container has run."""
    listed = "name=apparmor" in api.request("GET", "/info").json["SecurityOptions"]
    assert listed == FEATURES.apparmor
    docker("create", "--name", name, BASE, "true").succeeded()
    assert docker("inspect", "-f", "{{.AppArmorProfile}}", name).text == ""
    docker("start", "-a", name).succeeded()
    assert docker("inspect", "-f", "{{.AppArmorProfile}}", name).text == (DEFAULT_PROFILE if CONFINES else "")


def test_the_text_is_a_profile(tmp_path: Path) -> None:
    """The parser takes it, also for a daemon that is confined itself. Without a parser there is nobody to ask."""
    text = profile_text(daemon="/usr/bin/boxshipd")
    assert text.count("{") == text.count("}") == 1
    if CONFINES:
        parser("-Q", "-T", text=text)
