"""The filters of `docker images`, and its ways to name a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from boxship.engine.image.filters import select
from boxship.engine.image.moment import parse_moment
from boxship.engine.image.progress import human_size, progress_bar
from boxship.image.store import ImageStore
from boxship.lib.errors import InvalidParameter, NotFound
from boxship.model.config import ContainerConfig
from boxship.model.digest import sha256
from boxship.model.image import ImageRecord
from boxship.model.reference import parse
from boxship.storage.content import ContentStore
from boxship.storage.database import Database
from boxship.storage.snapshot.unpacked import UnpackedSnapshotter

NOW = 1_800_000_000 * 10**9


@pytest.fixture
def images(tmp_path: Path) -> ImageStore:
    """Three images: `old` with two names and labels, `new` from a registry, and one without a name."""
    store = ImageStore(Database(tmp_path / "db"), ContentStore(str(tmp_path)), UnpackedSnapshotter(str(tmp_path)))
    for number, (created, labels, names) in enumerate(
        [
            (1, {"a": "1", "b": ""}, ["old:1", "example.org/team/old:2"]),
            (3, None, ["new", f"new@{sha256(b'new')}"]),
            (2, {"a": "2"}, []),
        ]
    ):
        record = ImageRecord(
            id=sha256(bytes([number])),
            diff_ids=[],
            size=0,
            created=created * 10**9,
            architecture="amd64",
            os="linux",
            config=ContainerConfig(labels=labels),
        )
        store.catalog.add(record, [parse(name).with_default_tag() for name in names])
    return store


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["new:latest", "", "old:1 example.org/team/old:2"]),
        ({"dangling": ["true"]}, [""]),
        ({"dangling": ["1", "true"]}, [""]),
        ({"dangling": ["0"]}, ["new:latest", "old:1 example.org/team/old:2"]),
        ({"label": ["a"]}, ["", "old:1 example.org/team/old:2"]),
        ({"label": ["a=1", "b"]}, ["old:1 example.org/team/old:2"]),
        ({"label": ["b=1"]}, []),
        ({"reference": ["old"]}, ["old:1"]),
        ({"reference": ["*"]}, ["new:latest", "old:1"]),
        ({"reference": ["*/*/*:2"]}, ["example.org/team/old:2"]),
        ({"reference": ["ne[v-x]:l?test", "nothing"]}, ["new:latest"]),
        ({"reference": ["docker.io/library/old"]}, []),
        ({"before": ["new"]}, ["", "old:1 example.org/team/old:2"]),
        ({"since": ["old:1"]}, ["new:latest", ""]),
        ({"since": ["old:1"], "before": ["new"]}, [""]),
        ({"until": ["2"]}, ["old:1 example.org/team/old:2"]),
    ],
)
def test_what_passes(images: ImageStore, filters: dict[str, list[str]], found: list[str]) -> None:
    assert [" ".join(chosen.tags) for chosen in select(images, filters)] == found


def test_digests_are_names_too(images: ImageStore) -> None:
    (chosen,) = select(images, {"reference": ["new"]})
    assert chosen.digests == [f"new@{sha256(b'new')}"]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"foo": ["x"]}, "invalid filter 'foo'"),
        ({"dangling": ["x"]}, "invalid filter 'dangling=[x]'"),
        ({"dangling": ["true", "false"]}, "invalid filter 'dangling=[true false]'"),
        ({"reference": ["[bad"]}, "syntax error in pattern"),
        ({"reference": ["bad\\"]}, "syntax error in pattern"),
        ({"until": ["abc"]}, 'failed to parse value as time or duration: "abc"'),
    ],
)
def test_what_is_no_filter(images: ImageStore, filters: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        select(images, filters)
    assert caught.value.message == message


def test_bounds_that_are_not_there(images: ImageStore) -> None:
    with pytest.raises(NotFound, match="No such image: nope:latest"):
        select(images, {"since": ["nope"]})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("5.25", 5_250_000_000),
        ("1970-01-01T00:00:05Z", 5 * 10**9),
        ("1970-01-02", 86400 * 10**9),
        ("1970-01-01T00:01", 60 * 10**9),
        ("10m", NOW - 600 * 10**9),
    ],
)
def test_moments(text: str, moment: int) -> None:
    assert parse_moment(text, NOW) == moment


def test_progress_as_docker_prints_it() -> None:
    assert progress_bar(32768, 3010560) == f"[>{' ' * 50}]  32.77kB/3.011MB"
    assert progress_bar(3010560, 3010560) == f"[{'=' * 50}>]  3.011MB/3.011MB"
    assert progress_bar(0, 0) == f"[{'=' * 50}>]       0B/0B"
    assert human_size(999) == "999B"
