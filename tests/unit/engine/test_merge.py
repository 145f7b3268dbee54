"""An image's config under a person's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.container.merge import merge
from boxship.model.config import ContainerConfig, HealthConfig

IMAGE = ContainerConfig(
    user="web",
    env=["PATH=/bin", "A=image"],
    cmd=["serve"],
    entrypoint=["/init"],
    labels={"a": "image", "b": "image"},
    exposed_ports={"80/tcp": {}},
    volumes={"/data": {}},
    working_dir="/srv",
    stop_signal="SIGQUIT",
    healthcheck=HealthConfig(test=["CMD", "true"], interval=5_000_000_000),
)


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "command"),
    [
        (None, None, ["/init", "serve"]),
        (None, ["other"], ["/init", "other"]),
        (["/mine"], None, ["/mine"]),
        (["/mine"], ["x"], ["/mine", "x"]),
        ([], None, ["serve"]),
        ([], ["x"], ["x"]),
        ([""], ["x"], ["x"]),
        ("/mine", "x", ["/mine", "x"]),
    ],
)
def test_command(entrypoint: list[str] | str | None, cmd: list[str] | str | None, command: list[str]) -> None:
    merged = merge(ContainerConfig(entrypoint=entrypoint, cmd=cmd), IMAGE)
    assert [*(merged.entrypoint or []), *(merged.cmd or [])] == command


def test_what_is_left_open_comes_from_the_image() -> None:
    merged = merge(ContainerConfig(), IMAGE)
    assert merged.user == "web"
    assert merged.working_dir == "/srv"
    assert merged.stop_signal == "SIGQUIT"
    assert merged.env == ["PATH=/bin", "A=image"]


def test_lists_and_maps_are_united() -> None:
    given = ContainerConfig(
        env=["A=mine", "B=1"], labels={"a": "mine"}, exposed_ports={"90/udp": {}}, volumes={"/more": {}}
    )
    merged = merge(given, IMAGE)
    assert merged.env == ["A=mine", "B=1", "PATH=/bin"]
    assert merged.labels == {"a": "mine", "b": "image"}
    assert merged.exposed_ports == {"80/tcp": {}, "90/udp": {}}
    assert merged.volumes == {"/data": {}, "/more": {}}


def test_a_health_check_is_merged_field_by_field() -> None:
    merged = merge(ContainerConfig(healthcheck=HealthConfig(interval=1_000_000_000)), IMAGE)
    assert merged.healthcheck == HealthConfig(test=["CMD", "true"], interval=1_000_000_000)


variables = st.lists(st.builds("{}={}".format, st.sampled_from("ABCD"), st.sampled_from("xyz")), max_size=6)


@given(variables, variables)
def test_each_given_variable_hides_the_images(given_env: list[str], image_env: list[str]) -> None:
    merged = merge(ContainerConfig(env=given_env), ContainerConfig(env=image_env)).env or []
    assert merged[: len(given_env)] == given_env
    added = merged[len(given_env) :]
    if given_env:
        assert not {entry[0] for entry in added} & {entry[0] for entry in given_env}
    assert {entry[0] for entry in merged} == {entry[0] for entry in [*given_env, *image_env]}
