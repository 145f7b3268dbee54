"""The spec as other runtimes understand it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from boxship.shim.failure import Failed
from boxship.shim.foreign.bundle import container_opener, for_others, propagates, with_numbers, with_size, write

PASSWD = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:100:Ann:/home/ann:/bin/sh\n"
GROUP = "root:x:0:\nusers:x:100:\nwheel:x:10:ann\n"
CAPABILITIES = {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    """A container's root with passwd and group files."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    (tmp_path / "etc/group").write_text(GROUP)
    fd = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def process(user: str, **fields: Any) -> dict[str, Any]:
    return {"user": {"uid": 0, "gid": 0, "username": user}, "args": ["id"], "capabilities": CAPABILITIES, **fields}


@pytest.mark.parametrize(
    ("user", "groups", "numbers", "home"),
    [
        ("", [], (0, 0, [0]), "/root"),
        ("ann", [], (1000, 100, [100, 10]), "/home/ann"),
        ("ann:wheel", [], (1000, 10, [10]), "/home/ann"),
        ("1000", ["7"], (1000, 100, [100, 10, 7]), "/home/ann"),
        ("5:6", ["users"], (5, 6, [6, 100]), "/"),
    ],
)
def test_names_become_numbers(
    root: int, user: str, groups: list[str], numbers: tuple[int, int, list[int]], home: str
) -> None:
    result = with_numbers(process(user), groups, container_opener(root, []))
    assert result["user"] == dict(zip(("uid", "gid", "additionalGids"), numbers, strict=True))
    assert result["env"] == [f"HOME={home}"]
    held = [] if numbers[0] else ["CAP_KILL"]
    assert result["capabilities"] == {"bounding": ["CAP_KILL"], "effective": held, "permitted": held}


def test_a_home_that_is_given_stands(root: int) -> None:
    assert with_numbers(process("ann", env=["HOME=/x"]), [], container_opener(root, []))["env"] == ["HOME=/x"]


def test_numbers_stay_as_they_are(root: int) -> None:
    numbered = {"user": {"uid": 3, "gid": 4}, "args": ["id"]}
    assert with_numbers(numbered, [], container_opener(root, [])) == numbered


@pytest.mark.parametrize(("user", "groups"), [("bob", []), ("ann:staff", []), ("ann", ["staff"])])
def test_who_is_not_there(root: int, user: str, groups: list[str]) -> None:
    with pytest.raises(Failed) as caught:
        with_numbers(process(user), groups, container_opener(root, []))
    assert caught.value.report["step"] == "user"
    assert "no matching entries in" in caught.value.report["message"]


def test_a_bound_passwd_counts(root: int, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("bob:x:7:8::/home/bob:/bin/sh\n")
    mounts = [{"destination": "/etc/passwd", "type": "bind", "source": str(own)}]
    assert with_numbers(process("bob"), [], container_opener(root, mounts))["user"]["uid"] == 7


def test_links_do_not_lead_out(root: int, tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_text("eve:x:0:0::/:/bin/sh\n")
    passwd = tmp_path / "etc/passwd"
    passwd.unlink()
    passwd.symlink_to(secret)
    with pytest.raises(Failed):
        with_numbers(process("eve"), [], container_opener(root, []))
    secret.unlink()


def test_a_pipe_in_its_place_does_not_block(root: int, tmp_path: Path) -> None:
    passwd = tmp_path / "etc/passwd"
    passwd.unlink()
    os.mkfifo(passwd)
    assert with_numbers(process("5:6"), [], container_opener(root, []))["user"]["uid"] == 5


def test_what_older_runtimes_do_not_read() -> None:
    spec = {"ociVersion": "1.2.1", "hostname": "h", "domainname": "d", "linux": {"sysctl": {"a": "b"}}}
    changed = for_others(spec)
    assert changed == {
        "ociVersion": "1.0.2",
        "hostname": "h",
        "mounts": [],
        "linux": {"sysctl": {"kernel.domainname": "d", "a": "b"}},
    }
    assert spec["linux"] == {"sysctl": {"a": "b"}}


def test_files_are_not_bound_recursively(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    mounts = [{"destination": "/x", "source": str(source), "options": ["rbind", "rro"]} for source in (file, tmp_path)]
    assert [entry["options"] for entry in for_others({"mounts": mounts})["mounts"]] == [
        *(["rbind", "ro"], ["rbind", "rro"])
    ]


def test_the_size_of_a_terminal() -> None:
    terminal = {"terminal": True}
    assert with_size(terminal, (24, 80)) == {"terminal": True, "consoleSize": {"height": 24, "width": 80}}
    assert with_size(terminal, (0, 0)) == terminal
    assert with_size({}, (24, 80)) == {}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, False),
        ({"linux": {"rootfsPropagation": "rslave"}}, False),
        ({"linux": {"rootfsPropagation": "shared"}}, True),
    ],
)
def test_propagation(spec: dict[str, Any], expected: bool) -> None:
    assert propagates(spec) is expected


def test_nobody_meets_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("old")
    write(str(path), {"a": "x" * 100_000})
    assert path.read_text() == '{"a":"' + "x" * 100_000 + '"}'
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.json"]
