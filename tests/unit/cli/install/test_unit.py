"""The unit's text."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from boxship.cli.install.unit import service


def command(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("ExecStart="))


def test_containers_outlive_the_daemon_and_count_against_nothing():
    lines = service(["/usr/bin/boxship"], "boxship", docker_socket=False).splitlines()
    for wanted in ("KillMode=process", "Delegate=yes", "TasksMax=infinity", "OOMPolicy=continue", "Type=notify"):
        assert wanted in lines
    assert command("\n".join(lines)) == "ExecStart=/usr/bin/boxship daemon --group boxship"


def test_dockers_socket_is_one_more():
    text = command(service(["/usr/bin/boxship"], "docker", docker_socket=True))
    assert text.endswith("--group docker --host unix:///run/boxship/boxship.sock --host unix:///run/docker.sock")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_any_path_is_one_word_to_systemd(path: str):
    """Quoted as systemd.syntax(7) reads it, with % and $ doubled."""
    text = command(service([f"/{path}"], "g", docker_socket=False)).removeprefix("ExecStart=")
    assert shlex.split(text)[0].replace("%%", "%").replace("$$", "$") == f"/{path}"
