"""Removing trees: whole, whatever their depth, never through a link."""

import os
from pathlib import Path

from boxship.storage.removal import Background, Bin, delete


def test_a_file_a_link_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    (tmp_path / "link").symlink_to("kept")
    assert delete(str(tmp_path / "link"))
    assert delete(str(tmp_path / "missing"))
    assert os.listdir(tmp_path) == ["kept"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/kept").write_text("x")
    (tmp_path / "tree/inner").mkdir(parents=True)
    (tmp_path / "tree/inner/link").symlink_to(tmp_path / "other")
    delete(str(tmp_path / "tree"))
    assert (tmp_path / "other/kept").read_text() == "x"
    assert not (tmp_path / "tree").exists()


def test_a_tree_deeper_than_any_path_or_recursion(tmp_path: Path) -> None:
    top = os.open(tmp_path, os.O_RDONLY)
    os.mkdir("tree", dir_fd=top)
    here = os.open("tree", os.O_RDONLY, dir_fd=top)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        os.close(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=here))
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    os.close(top)
    assert delete(str(tmp_path / "tree"))
    assert os.listdir(tmp_path) == []


def test_a_limit_stops_and_the_next_call_goes_on(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"tree/{number % 5}").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"tree/{number % 5}/{number}").write_text("x")
    assert not delete(str(tmp_path / "tree"), limit=20)
    assert (tmp_path / "tree").exists()
    assert delete(str(tmp_path / "tree"))
    assert os.listdir(tmp_path) == []


def test_a_bin_hides_what_is_taken(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("x")
    bin = Bin(str(tmp_path))
    gone = bin.take("name")
    assert gone is not None
    assert bin.take("name") is None
    assert bin.leftovers() == [gone]
    Path(bin.new_name()).mkdir()
    assert len(bin.leftovers()) == 2


def test_background_work_goes_on_after_a_failure() -> None:
    done = []
    background = Background()

    def fail() -> None:
        raise OSError("busy")

    background.add(fail)
    background.add(lambda: done.append(1))
    background.wait()
    assert done == [1]
