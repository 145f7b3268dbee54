"""Image configs as records."""

import json
from typing import Any

import pytest

from boxship.image.config import history_of, nanoseconds, record_of
from boxship.lib.errors import BoxshipError
from boxship.model.digest import sha256

DIFF = sha256(b"layer")


def blob(**more: Any) -> bytes:
    """A config."""
    return json.dumps({"rootfs": {"type": "layers", "diff_ids": [DIFF]}, **more}).encode()


def test_a_full_config() -> None:
    data = blob(
        architecture="arm64",
        variant="v8",
        os="linux",
        author="me",
        comment="hello",
        docker_version="28",
        created="2026-01-02T03:04:05.000000006+01:00",
        config={
            "Cmd": ["a"],
            "Env": ["A=1"],
            "Volumes": {"/v": None},
            "ExposedPorts": {"80/tcp": {}},
            "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5},
            "Labels": None,
            "SomethingNew": 1,
        },
    )
    record = record_of(data, 7)
    assert record.id == sha256(data)
    assert (record.diff_ids, record.size, record.architecture, record.variant) == ([DIFF], 7, "arm64", "v8")
    assert record.created == 1767319445000000006
    assert (record.config.cmd, record.config.volumes, record.config.labels) == (["a"], {"/v": {}}, None)
    assert record.config.healthcheck is not None and record.config.healthcheck.interval == 5


def test_old_configs_give_commands_as_one_word() -> None:
    record = record_of(blob(config={"Cmd": "a b", "Entrypoint": "c"}), 0)
    assert (record.config.cmd, record.config.entrypoint) == (["a b"], ["c"])


def test_what_is_left_out_has_defaults() -> None:
    record = record_of(b'{"rootfs":{"diff_ids":null}}', 0)
    assert (record.diff_ids, record.os, record.created, record.config.cmd) == ([], "linux", 0, None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"rootfs":1}',
        b'{"rootfs":{"diff_ids":["../x"]}}',
        b'{"rootfs":{"diff_ids":[1]}}',
        blob(config=5),
        blob(config={"Env": "x"}),
        blob(config={"Volumes": 5}),
        blob(os=5),
    ],
)
def test_what_is_no_config(data: bytes) -> None:
    with pytest.raises(BoxshipError, match="invalid image config"):
        record_of(data, 0)


def test_without_a_comment_the_last_step_has_one() -> None:
    assert record_of(blob(history=[{"comment": "first"}, {"comment": "last"}]), 0).comment == "last"
    assert record_of(blob(comment="own", history=[{"comment": "last"}]), 0).comment == "own"


def test_history() -> None:
    steps = history_of(
        blob(history=[{"created": "1970-01-01T00:00:01Z", "created_by": "x"}, {"empty_layer": True, "comment": "c"}])
    )
    assert [(step.created, step.created_by, step.comment, step.empty_layer) for step in steps] == [
        (10**9, "x", "", False),
        (0, "", "c", True),
    ]


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00.5Z", 5 * 10**8),
        ("0001-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00-01:30", 9000 * 10**9),
        (None, 0),
        ("yesterday", 0),
    ],
)
def test_times(text: str | None, ns: int) -> None:
    assert nanoseconds(text) == ns
