"""What is not the same in the files of two images."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.archive.erofs.scan import scan_file
from boxship.image.explain.contents import LayerData
from boxship.image.explain.difference import Difference, differences
from tests.support.tars import Member, file, folder, hardlink, symlink, tar


class Images:
    """Images of layers whose tars lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def __call__(self, *layers: list[Member]) -> list[LayerData]:
        found = []
        for members in layers:
            self.count += 1
            path = self.folder / f"{self.count}.tar"
            data = tar(*members)
            path.write_bytes(data)
            found.append(LayerData(str(hash(data)), scan_file(str(path)).root, str(path)))
        return found


@pytest.fixture
def image(tmp_path: Path) -> Images:
    return Images(tmp_path)


def test_the_same_files_by_another_way(image: Images) -> None:
    one = image([file("a", b"1" * 2_000_000), file("b", b"2")], [Member(".wh.b"), file("c", b"3")])
    other = image([file("c", b"3", mtime=1.0)], [file("a", b"1" * 2_000_000)])
    assert differences(one, other) == []


def test_each_kind_of_difference(image: Images) -> None:
    one = image(
        [
            *(file("size", b"1"), file("content", b"12"), file("mode", b"1"), file("owner"), file("attributes")),
            *(symlink("target", "a"), file("type"), file("gone", b"123"), folder("d"), file("d/x", b"1")),
            file("same", b"same"),
        ]
    )
    other = image(
        [
            *(
                file("size", b"123"),
                file("content", b"21"),
                file("mode", b"1", mode=0o600),
                file("owner", owner=(1, 1)),
            ),
            *(file("attributes", xattrs={"user.x": "y"}), symlink("target", "bb"), symlink("type", "x")),
            *(file("new", b"1234"), file("d", b"file"), file("same", b"same"), hardlink("linked", "same")),
        ]
    )
    assert differences(one, other) == [
        Difference("C", b"/attributes", 0, 0, ("attributes",)),
        Difference("C", b"/content", 2, 2, ("content",)),
        Difference("D", b"/d", 0, 0),
        Difference("A", b"/d", 0, 4),
        Difference("D", b"/d/x", 1, 0),
        Difference("D", b"/gone", 3, 0),
        Difference("A", b"/linked", 0, 4),
        Difference("C", b"/mode", 1, 1, ("mode",)),
        Difference("A", b"/new", 0, 4),
        Difference("C", b"/owner", 0, 0, ("owner",)),
        Difference("C", b"/size", 1, 3, ("content",)),
        Difference("C", b"/target", 1, 2, ("target",)),
        Difference("C", b"/type", 0, 1, ("type", "mode")),
    ]


def test_a_folder_of_its_own(image: Images) -> None:
    one, other = image([folder("d"), file("d/e/f")]), image([folder("d", 0o700), file("d/e/f")])
    assert differences(one, other) == [Difference("C", b"/d", 0, 0, ("mode",))]


def test_layers_that_both_have_are_not_read(image: Images) -> None:
    members = [file("a", b"1" * 5000)]
    one, other = image(members), image(members, [file("b", b"2")])
    Path(one[0].tar).write_bytes(b"")
    assert differences(one, other) == [Difference("A", b"/b", 0, 1)]
