"""From paths to verbs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.server.handler import load_verbs
from boxship.server.router import ROUTES, Routes, clean_path, split_version


async def verb(*_: object, **__: str) -> None:
    """Stands for any verb."""


async def other(*_: object, **__: str) -> None:
    """Stands for another one."""


def test_a_variable_takes_anything() -> None:
    """Slashes and nothing at all included: what it names is the engine's business."""
    routes = Routes()
    routes.add("DELETE", "/images/{name}", verb)
    routes.add("GET", "/images/{name}/json", other)
    routes.add("GET", "/images/json", verb)
    assert routes.find("GET", "/images/json") == (verb, {})
    assert routes.find("GET", "/images/docker.io/library/busybox:1/json") == (
        other,
        {"name": "docker.io/library/busybox:1"},
    )
    assert routes.find("GET", "/images//json") == (other, {"name": ""})
    assert routes.find("DELETE", "/images/") == (verb, {"name": ""})
    assert routes.find("PUT", "/images/json") is None
    assert routes.find("GET", "/images") is None


def test_the_longest_suffix_wins() -> None:
    """In whatever order they were made."""
    routes = Routes()
    routes.add("GET", "/x/{a}", verb)
    routes.add("GET", "/x/{a}/json", other)
    assert routes.find("GET", "/x/1/json") == (other, {"a": "1"})
    assert routes.find("GET", "/x/1/other") == (verb, {"a": "1/other"})


def test_prefix_and_suffix_do_not_overlap() -> None:
    """`/containers/json` has no room for a name before `/json`."""
    routes = Routes()
    routes.add("GET", "/containers/{ref}/json", verb)
    assert routes.find("GET", "/containers/json") is None


def test_no_path_has_two_verbs() -> None:
    """A mistake that shows at the start."""
    routes = Routes()
    routes.add("GET", "/a", verb)
    routes.add("GET", "/a/{x}", verb)
    for pattern in ("/a", "/a/{y}", "/b/{x}/{y}"):
        with pytest.raises(ValueError, match=r"verb|variable"):
            routes.add("GET", pattern, verb)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/v1.43/info", ("1.43", "/info")),
        ("/info", ("", "/info")),
        ("/version", ("", "/version")),
        ("/v1.43", ("", "/v1.43")),
        ("/v1.43/", ("1.43", "/")),
        ("/v/info", ("", "/v/info")),
        ("/vabc/info", ("", "/vabc/info")),
        ("/v1..4/info", ("1..4", "/info")),
        ("/v./info", (".", "/info")),
        ("/volumes", ("", "/volumes")),
    ],
)
def test_versions_in_paths(path: str, parts: tuple[str, str]) -> None:
    """Digits and dots between /v and the next slash."""
    assert split_version(path) == parts


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("//info", "/info"),
        ("/a/../info", "/info"),
        ("/containers//json", "/containers/json"),
        ("/a/./b/", "/a/b/"),
        ("/../..", "/"),
        ("/info", "/info"),
    ],
)
def test_clean_paths(path: str, clean: str) -> None:
    """Where Docker redirects to."""
    assert clean_path(path) == clean


@given(st.text("/.ab", max_size=12).map(lambda text: "/" + text))
def test_a_clean_path_is_clean(path: str) -> None:
    """No redirect leads to another one."""
    assert clean_path(clean_path(path)) == clean_path(path)
    assert "//" not in clean_path(path)


def test_every_verb_is_there() -> None:
    """The verbs of this engine, by name."""
    load_verbs()
    have = set(ROUTES)
    containers = ("start", "stop", "restart", "kill", "wait", "attach", "resize", "exec")
    wanted = {("POST", f"/containers/{{ref}}/{verb}") for verb in containers}
    wanted |= {("POST", "/containers/create"), ("GET", "/containers/json"), ("DELETE", "/containers/{ref}")}
    wanted |= {("GET", "/containers/{ref}/json"), ("GET", "/containers/{ref}/logs")}
    wanted |= {("POST", "/exec/{exec_id}/start"), ("POST", "/exec/{exec_id}/resize"), ("GET", "/exec/{exec_id}/json")}
    wanted |= {("GET", "/_ping"), ("HEAD", "/_ping"), ("GET", "/version"), ("GET", "/info"), ("GET", "/events")}
    assert wanted <= have
