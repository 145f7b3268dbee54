"""The URLs of `docker import`: what is none is told in the words that Docker has of Go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.image.download import full_url
from boxship.lib.errors import InvalidParameter


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("http://[]", 'parse "http://[]": invalid host: ParseAddr(""): unable to parse IP'),
        ("[]", 'parse "http://[]": invalid host: ParseAddr(""): unable to parse IP'),
        ("http://[zz]/", 'parse "http://[zz]/": invalid host: ParseAddr("zz"): unable to parse IP'),
        ("http://[::1", "parse \"http://[::1\": missing ']' in host"),
        ("http://h:x", 'parse "http://h:x": invalid port ":x" after host'),
        ("http://a b/", 'parse "http://a b/": invalid character " " in host name'),
    ],
)
def test_what_is_no_url(source: str, fault: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        full_url(source)
    assert caught.value.message == fault


@pytest.mark.parametrize(
    "url", ["http://h", "https://u:p@h:80/x?y=a b", "http://[::1]:80/", "http://[fe80::1%25lo]/", "http://h:/"]
)
def test_what_is_one(url: str) -> None:
    assert full_url(url) == url


def test_a_scheme_is_added() -> None:
    assert full_url("host/file.tar") == "http://host/file.tar"


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_url_or_told_to_be_none(source: str) -> None:
    try:
        assert full_url(source).endswith(source)
    except InvalidParameter as error:
        assert error.message.startswith("parse ")
