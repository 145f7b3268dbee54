"""The quick look at an image's name never passes what the grammar refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.cli.create import plainly_good
from boxship.model.reference import parse


@pytest.mark.parametrize(
    "name", ["busybox", "bx/base:1", "a/b-c/d_e.f:v1.2-rc_3", "localhost/x", "registry.example.com/a/b:1"]
)
def test_usual_names_pass(name: str) -> None:
    assert plainly_good(name)
    parse(name)


@given(st.text(alphabet="abZ01/:._-@ ", max_size=20))
def test_what_passes_is_a_name(name: str) -> None:
    if plainly_good(name):
        parse(name)
