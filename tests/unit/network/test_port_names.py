"""Ports as texts: what is asked for must be one, what is only shown may be anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import InvalidParameter
from boxship.model.config import PortBinding
from boxship.network.ports import check_bindings, exposed_port, wanted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("80/tcp", "80/tcp"),
        ("80", "80/tcp"),
        ("80/UDP", "80/udp"),
        ("", "0/0"),
        ("x/tcp", "0/tcp"),
        ("80-82/tcp", "0/tcp"),
        ("99999/tcp", "0/tcp"),
        ("-1/tcp", "0/tcp"),
        (" 80/tcp", "0/tcp"),
        ("80/xyz", "80/0"),
        ("/tcp", "0/0"),
        ("８０/tcp", "0/tcp"),
    ],
)
def test_exposed_as_docker_shows_them(text: str, shown: str) -> None:
    assert exposed_port(text) == shown


@given(st.text(max_size=12))
def test_whatever_is_exposed_can_be_shown(text: str) -> None:
    number, _, protocol = exposed_port(text).partition("/")
    assert 0 <= int(number) < 65536 and protocol in ("tcp", "udp", "sctp", "0")


@pytest.mark.parametrize(
    ("port", "host", "named"),
    [
        ("foo/tcp", None, "foo"),
        ("", None, ""),
        ("0/tcp", None, "0"),
        ("80-82/tcp", None, "80-82"),
        ("80/xyz", None, "80/xyz"),
        ("80/tcp", "99999", "99999"),
        ("80/tcp", "x", "x"),
        ("80/tcp", "90-80", "90-80"),
        ("80/tcp", "80-", "80-"),
        ("80/tcp", "-80", "-80"),
    ],
)
def test_what_is_no_port_is_refused(port: str, host: str | None, named: str) -> None:
    bindings = {port: [PortBinding(host_port=host)] if host is not None else []}
    with pytest.raises(InvalidParameter) as caught:
        check_bindings(bindings)
    assert caught.value.message == f'invalid port specification: "{named}"'


@given(st.text(max_size=8), st.text(max_size=8))
def test_what_is_let_through_can_be_bound(port: str, host: str) -> None:
    bindings = {port: [PortBinding(host_port=host)]}
    try:
        check_bindings(bindings)
    except InvalidParameter:
        return
    (one,) = wanted(bindings)
    assert 0 < one.port < 65536 and 0 <= one.first <= one.last < 65536


def test_what_is_asked_for() -> None:
    check_bindings(None)
    check_bindings({"80/tcp": None, "53/udp": [PortBinding(host_port="5300-5310"), PortBinding()]})
