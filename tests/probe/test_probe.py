"""What a program finds in a container, under many sets of options: equal to Docker's, or stricter on purpose."""

from __future__ import annotations

import difflib
import fnmatch
import os
from pathlib import Path

import pytest

from tests.probe import recorded
from tests.probe.conftest import NO_FACT
from tests.probe.machine import BESIDES, SECTIONS, machine_features
from tests.probe.meant import MEANT
from tests.probe.options import OPTIONS, Options
from tests.probe.report import ask, build, image_archive
from tests.support.cli import Cli
from tests.support.engine import Engine, Foreign

KEPT = recorded.read()
HERE = machine_features()


@pytest.fixture(scope="session")
def probe(client_home: Path, engine: Engine | Foreign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the probe's files; the shared engine has the image that holds it."""
    folder = tmp_path_factory.mktemp("probe")
    data = image_archive(client_home / "bin/busybox", build(folder))
    loaded = engine.api.request("POST", "/images/load", data, headers={"Content-Type": "application/x-tar"})
    assert loaded.status == 200
    return folder


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options.name)
def test_a_program_finds_what_docker_gives_it(
    options: Options, docker: Cli, engine: Engine | Foreign, probe: Path, pytestconfig: pytest.Config
) -> None:
    """Line by line, but for what is meant to be different; sections that hang on another kind of machine than the
    one where Docker was asked are counted and told at the end.
    """

    def call(*words: str) -> str:
        said = docker(*words)
        return (said if words[0] == "rm" else said.succeeded()).out.decode()

    ours = ask(call, options, f"p{os.getpid()}", probe, engine.socket_path)
    fact = recorded.report(KEPT, options.name)
    wrong = []
    for section in sorted({*fact, *ours}):
        needed = (*SECTIONS[section], *(name for name in options.depends if section in BESIDES[name]))
        other = [name for name in needed if KEPT["features"][name] != HERE[name]]
        if other:
            reason = f"{section}: another {', '.join(other)}"
            pytestconfig.stash[NO_FACT][reason] = pytestconfig.stash[NO_FACT].get(reason, 0) + 1
            continue
        wanted, got = _without_meant(options.name, section, fact.get(section, []), ours.get(section, []))
        wrong += difflib.unified_diff(wanted, got, f"{section}: Docker", f"{section}: Boxship", lineterm="", n=0)
    assert not wrong, "\n".join(wrong)


def _without_meant(options: str, section: str, docker: list[str], ours: list[str]) -> tuple[list[str], list[str]]:
    for meant in MEANT:
        if meant.section != section or not fnmatch.fnmatch(options, meant.options):
            continue
        # Only a pair is meant: ours in place of Docker's.
        for line in [line for line in docker if meant.docker in line]:
            other = line.replace(meant.docker, meant.ours)
            if line not in ours and other in ours:
                docker = [each for each in docker if each != line]
                ours = [each for each in ours if each != other]
    return docker, ours


def test_every_set_was_asked() -> None:
    """A set of options without a fact is compared with nothing."""
    assert {options.name for options in OPTIONS} == {"plain", *KEPT["others"]}
    assert len(OPTIONS) >= 30


def test_every_section_names_its_features() -> None:
    """A section that the probe learns to print has to say what it hangs on."""
    said = set(KEPT["plain"]) | {section for changes in KEPT["others"].values() for section in changes}
    assert said <= set(SECTIONS)
