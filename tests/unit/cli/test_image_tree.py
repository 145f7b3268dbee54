"""`images --tree`."""

from boxship.cli.listing.image_tree import tree


def test_names_stand_together_and_the_last_one_tells() -> None:
    images = [
        {"Id": "sha256:" + "ab" * 32, "RepoTags": ["a:1", "b" * 40 + ":2"], "Size": 2_063_466, "Containers": 2},
        {"Id": "sha256:" + "cd" * 32, "RepoTags": [], "Size": 0, "Containers": 0},
    ]
    assert tree(images).splitlines() == [
        " " * 63 + "Info ->  U In Use",
        "",
        f"{'IMAGE':34}{'ID':15}DISK USAGE   CONTENT SIZE   EXTRA",
        "a:1",
        "b" * 30 + "…   abababababab       2.06MB             0B   U",
        f"{'<untagged>':34}cdcdcdcdcdcd           0B             0B",
    ]
