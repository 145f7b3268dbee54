"""Errors and values on the wire."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.http.request import BodyTooLarge
from boxship.lib import errors
from boxship.model.event import Event
from boxship.server.errors import status_of
from boxship.server.reply import encode
from boxship.server.system.events import body


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.BoxshipError, 500),
        (errors.InvalidParameter, 400),
        (errors.Unauthorized, 401),
        (errors.Forbidden, 403),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.NotModified, 304),
        (errors.Unavailable, 503),
        (errors.Unsupported, 501),
        (BodyTooLarge, 413),
    ],
)
def test_the_status_of_every_error(kind: type[errors.BoxshipError], status: int) -> None:
    """A subclass has its parent's, unless it is named itself."""
    assert status_of(kind("x")) == status
    assert status_of(type("Special", (kind,), {})("x")) == status


def test_every_class_of_errors_has_a_status() -> None:
    """A new one must be given one."""
    for kind in errors.BoxshipError.__subclasses__():
        if kind.__module__ == errors.__name__ and kind is not errors.StepFailed:
            assert status_of(kind("x")) != 500, kind


@given(st.binary(max_size=20))
def test_any_bytes_of_a_request_can_come_back(data: bytes) -> None:
    """A message may quote what was no UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    line = encode({"message": f"No such container: {text}"})
    assert line.endswith(b"}\n")
    assert json.loads(line)["message"] == "No such container: " + data.decode("utf-8", "replace")


def test_nothing_is_escaped_for_html() -> None:
    """Go's encoder would; Docker turns that off."""
    assert encode({"a": "<&>"}) == b'{"a":"<&>"}\n'


def test_events_as_docker_writes_them() -> None:
    """Containers and images with the members of old, `from` for containers alone."""
    event = Event(
        type="container", action="die", id="abc", attributes={"image": "busybox", "name": "n"}, time_ns=1_500_000_000
    )
    assert list(body(event)) == ["status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"]
    assert body(event)["time"] == 1
    image = Event(type="image", action="tag", id="sha256:1", attributes={"name": "x"}, time_ns=1)
    assert list(body(image)) == ["status", "id", "Type", "Action", "Actor", "scope", "time", "timeNano"]
    network = Event(type="network", action="connect", id="n", attributes={}, time_ns=1)
    assert "status" not in body(network)
