"""Users of an exec are looked up in the container's own files."""

import os

import pytest

from boxship.engine.exec.user import check_user
from boxship.lib.errors import InvalidParameter


@pytest.mark.parametrize("user", ["root", "root:root", "0", "1234:99", "4711", ""])
def test_known(user: str) -> None:
    check_user(os.getpid(), user)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody-here", "unable to find user nobody-here: no matching entries in passwd file"),
        ("root:no-such-group", "unable to find group no-such-group: no matching entries in group file"),
        ("0:no-such-group", "unable to find group no-such-group: no matching entries in group file"),
        ("root:x", "unable to find group x: no matching entries in group file"),
    ],
)
def test_unknown(user: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_user(os.getpid(), user)
    assert caught.value.message == message
