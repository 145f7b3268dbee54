"""What layers add, change, delete and waste."""

from __future__ import annotations

import stat
import tarfile

from hypothesis import given, settings

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.merge import lay_over
from boxship.archive.erofs.node import Node, counted_size, new_folder
from boxship.archive.erofs.scan import LayerScanner
from boxship.image.explain.account import Account, Count, account
from tests.support.random_layers import layers
from tests.support.tars import Member, file, folder, hardlink, symlink, tar


def tree(*members: Member) -> Node:
    """A layer's tree."""
    scanner = LayerScanner()
    scanner.feed(tar(*members))
    return scanner.root


def test_one_layer_adds_all() -> None:
    found = account([tree(folder("d"), file("d/a", b"123"), symlink("l", "d/a"), hardlink("h", "d/a"), file("e"))])
    (layer,) = found.layers
    assert (layer.size, layer.added, layer.changed) == (6, Count(4, 6), Count())
    assert (found.size, found.visible, found.wasted, found.hidden) == (6, 6, 0, [])


def test_changes_and_deletions_waste_what_is_below() -> None:
    found = account(
        [
            tree(file("keep", b"1"), file("change", b"22"), file("delete", b"333"), file("d/x", b"4444"), file("d/y")),
            tree(file("change", b"55555"), Member(".wh.delete"), file("new", b"666666")),
            tree(Member("d/.wh..wh..opq"), file("d/z", b"7"), file("change", b"8")),
        ]
    )
    low, middle, top = found.layers
    assert low.wasted == Count(4, 2 + 3 + 4)
    assert (middle.added, middle.changed, middle.deleted) == (Count(1, 6), Count(1, 5), Count(1, 3))
    assert middle.wasted == Count(1, 5)
    assert (top.added, top.changed, top.deleted, top.wasted) == (Count(1, 1), Count(1, 1), Count(2, 4), Count())
    assert [(file.path, file.bytes, file.layer, file.hidden_by, file.instead is None) for file in found.hidden] == [
        (b"change", 5, 1, 2, False),
        (b"d/x", 4, 0, 2, True),
        (b"delete", 3, 0, 1, True),
        (b"change", 2, 0, 1, False),
    ]


def test_a_file_with_a_name_left_is_not_wasted() -> None:
    found = account([tree(file("a", b"123"), hardlink("b", "a")), tree(Member(".wh.a"))])
    assert found.wasted == 0
    assert found.layers[1].deleted == Count(1, 0)


def test_a_folder_that_replaces_a_file_and_the_other_way_round() -> None:
    found = account([tree(file("a", b"1"), file("b/c", b"22")), tree(file("a/x", b"333"), file("b", b"4444"))])
    top = found.layers[1]
    assert (top.added, top.changed, top.deleted) == (Count(2, 7), Count(), Count(2, 3))
    assert found.visible == 7


def test_a_folder_that_comes_again_is_no_change_of_its_files() -> None:
    found = account([tree(folder("d"), file("d/a", b"1")), tree(folder("d", 0o700), file("d/b", b"2"))])
    assert found.layers[1].added == Count(1, 1)
    assert found.wasted == 0


def test_a_device_counts_as_a_file_of_no_bytes() -> None:
    found = account([tree(Member("null", tarfile.CHRTYPE, device=(1, 3)))])
    assert found.layers[0].added == Count(1, 0)


@settings(max_examples=200)
@given(layers)
def test_the_sums_agree_with_the_merged_tree(given: list[list[Member]]) -> None:
    try:
        found: Account = account([tree(*members) for members in given])
    except ArchiveError:
        return
    merged = new_folder()
    for members in given:
        lay_over(merged, tree(*members))
    assert found.visible == counted_size(merged)
    assert found.wasted == sum(file.bytes for file in found.hidden)
    names = sum(layer.added.files - layer.deleted.files for layer in found.layers)
    assert names == _names(merged)


def _names(node: Node) -> int:
    if not stat.S_ISDIR(node.mode):
        return 1
    assert node.kids is not None
    return sum(_names(kid) for kid in node.kids.values())
