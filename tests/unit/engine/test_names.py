"""Names of containers."""

import pytest

from boxship.engine.container.names import check_name, random_name
from boxship.lib.errors import InvalidParameter


@pytest.mark.parametrize("name", ["ab", "/ab", "A-1_b.c", "0x"])
def test_allowed(name: str) -> None:
    assert check_name(name) == name.removeprefix("/")


@pytest.mark.parametrize("name", ["a", "-a", ".a", "a b", "a/b", "//ab", "ä1", "", "ab\n"])
def test_refused(name: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_name(name)
    assert caught.value.message == f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"


def test_random_names_are_allowed() -> None:
    for attempt in range(6):
        name = random_name(attempt)
        assert check_name(name) == name
        mood, surname = name.split("_")
        assert mood.isalpha()
        assert surname.rstrip("0123456789").isalpha()
