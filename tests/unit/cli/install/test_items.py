"""What setup makes, and the list that lets it take away that and nothing else."""

from pathlib import Path

import pytest

from boxship.cli.context import CliError
from boxship.cli.install import record
from boxship.cli.install.choose import choose
from boxship.cli.install.items import File


def test_a_file_is_made_once_and_removed_once(tmp_path: Path):
    path = tmp_path / "folder/unit"
    item = File(str(path), "text\n")
    assert item.make()
    assert path.read_text() == "text\n"
    assert not File(str(path), "text\n", mine=True).make()
    assert File(str(path), "newer\n", mine=True).make()
    assert path.read_text() == "newer\n"
    assert item.undo()
    assert not item.undo()


def test_somebody_elses_file_is_left_alone(tmp_path: Path):
    path = tmp_path / "unit"
    path.write_text("mine\n")
    with pytest.raises(CliError, match="is there already, and boxship setup did not make it"):
        File(str(path), "text\n").make()
    assert path.read_text() == "mine\n"


def test_the_list_comes_and_goes(tmp_path: Path):
    path = str(tmp_path / "boxship/setup.json")
    assert record.read(path) == []
    record.write([("group", "boxship"), ("file", "/a")], path)
    assert record.read(path) == [("group", "boxship"), ("file", "/a")]
    record.write([], path)
    assert not (tmp_path / "boxship").exists()
    record.write([], path)


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    items, left = choose("boxship", docker_socket=False, made=set())
    assert items[0].about == "group boxship"
    assert not [item for item in items if "completion" in item.about]
    assert [line for line in left if line.endswith("there is no zsh here")]
    assert [line for line in left if line.endswith("there is no docker command here")]
