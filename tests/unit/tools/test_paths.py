"""docs/paths.md says what the router has."""

from tools.paths import PAGE, entries, page, unknown


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "python -m tools.paths"


def test_every_route_is_one_of_dockers() -> None:
    assert unknown() == []


def test_no_path_is_listed_twice() -> None:
    listed = [(entry.method, entry.path) for entry in entries()]
    assert len(listed) == len(set(listed))
