"""Bodies as Go reads them: what a real Docker 28.5 answered to each stands here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import ExecConfig
from boxship.server.container.create import parse_create
from boxship.server.decode import build, parse_json

UNMARSHAL = "invalid JSON: json: cannot unmarshal "


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "invalid JSON: unexpected EOF"),
        ("{}", "config cannot be empty in order to create a container"),
        ("null", "config cannot be empty in order to create a container"),
        ('{"HostConfig":{}}', "config cannot be empty in order to create a container"),
        ("[]", UNMARSHAL + "array into Go value of type container.CreateRequest"),
        ('"abc"', UNMARSHAL + "string into Go value of type container.CreateRequest"),
        ('{"Image":5}', UNMARSHAL + "number into Go struct field .Image of type string"),
        ('{"Image":"x","Tty":"yes"}', UNMARSHAL + "string into Go struct field .Tty of type bool"),
        (
            '{"Image":"x","HostConfig":{"Memory":"5"}}',
            UNMARSHAL + "string into Go struct field .HostConfig.Memory of type int64",
        ),
        (
            '{"Image":"x","HostConfig":{"Binds":{"a":1}}}',
            UNMARSHAL + "object into Go struct field .HostConfig.Binds of type []string",
        ),
        ('{"Image":"x","Cmd":{"a":1}}', UNMARSHAL + "object into Go value of type string"),
        ('{"Image":"x"} x', "unexpected content after JSON"),
        (
            '{"Image":"x","NetworkingConfig":[]}',
            UNMARSHAL + "array into Go struct field .NetworkingConfig of type network.NetworkingConfig",
        ),
        ('{"Image":"x","StopTimeout":1.5}', UNMARSHAL + "number 1.5 into Go struct field .StopTimeout of type int"),
        ('{"Image":"x","Env":"A=1"}', UNMARSHAL + "string into Go struct field .Env of type []string"),
        ('{"Image":"x","Labels":{"a":1}}', UNMARSHAL + "number into Go struct field .Labels.a of type string"),
        ('{"Image":"x","ExposedPorts":[]}', UNMARSHAL + "array into Go struct field .ExposedPorts of type nat.PortSet"),
    ],
)
def test_what_does_not_fit_in_dockers_words(body: str, message: str) -> None:
    """The field, its type and what came instead."""
    with pytest.raises(InvalidParameter) as caught:
        parse_create(parse_json(body.encode()))
    assert caught.value.message == message


def test_null_leaves_a_field_as_it_is() -> None:
    """docker-py sends null for everything that was not set."""
    body = {"Image": "x", "Hostname": None, "Env": None, "Tty": None, "StopTimeout": None, "Healthcheck": None}
    assert build(ContainerConfig, body) == ContainerConfig(image="x")


def test_null_inside_maps_and_lists() -> None:
    """A key stays, with Go's zero value."""
    config = build(ContainerConfig, {"ExposedPorts": {"80/tcp": None}, "Labels": {"a": None}, "Env": [None, "A=1"]})
    assert config.exposed_ports == {"80/tcp": {}}
    assert config.labels == {"a": ""}
    assert config.env == ["", "A=1"]
    assert build(HostConfig, {"PortBindings": {"80/tcp": None}}).port_bindings == {"80/tcp": None}


def test_keys_match_in_any_case_and_unknown_ones_are_ignored() -> None:
    """As encoding/json has it."""
    config, host, networking = parse_create(
        {"image": "x", "TTY": True, "hostconfig": {"memory": 5, "Nonsense": []}, "networkingconfig": {"a": 1}}
    )
    assert (config.image, config.tty, host.memory, networking) == ("x", True, 5, {"a": 1})


def test_nested_values() -> None:
    """Structs in lists in maps."""
    host = build(
        HostConfig,
        {
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
            "Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b", "BindOptions": {"Propagation": "rslave"}}],
            "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}],
            "RestartPolicy": {"Name": "always"},
            "BlkioDeviceReadIOps": [{"Path": "/dev/sda", "Rate": 1}],
            "UTSMode": "host",
        },
    )
    assert host.port_bindings is not None and host.port_bindings["80/tcp"] is not None
    assert host.port_bindings["80/tcp"][0].host_port == "8080"
    assert host.mounts is not None and host.mounts[0].bind_options == {"Propagation": "rslave"}
    assert host.ulimits is not None and (host.ulimits[0].soft, host.ulimits[0].hard) == (1, 2)
    assert host.restart_policy.name == "always"
    assert host.blkio_device_read_iops is not None and host.blkio_device_read_iops[0].rate == 1
    assert host.uts_mode == "host"


def test_a_command_may_be_one_string() -> None:
    """The API takes both."""
    assert build(ContainerConfig, {"Cmd": "ls", "Entrypoint": ["sh", "-c"]}) == ContainerConfig(
        cmd="ls", entrypoint=["sh", "-c"]
    )


def test_numbers_are_64_bits() -> None:
    """Go's int64 says no to more."""
    assert build(HostConfig, {"Memory": (1 << 63) - 1}).memory == (1 << 63) - 1
    with pytest.raises(InvalidParameter, match="number 9223372036854775808 into Go struct field"):
        build(HostConfig, {"Memory": 1 << 63})
    with pytest.raises(InvalidParameter, match="bool into Go struct field"):
        build(HostConfig, {"Memory": True})


@pytest.mark.parametrize(("given", "kept"), [([], [0, 0]), ([1], [1, 0]), ([1, 2, 3], [1, 2]), ([None, 5], [0, 5])])
def test_arrays_have_their_length(given: list[int], kept: list[int]) -> None:
    """As a live Docker keeps a ConsoleSize ([2]uint)."""
    assert build(HostConfig, {"ConsoleSize": given}).console_size == kept
    assert build(ExecConfig, {"ConsoleSize": given}).console_size == kept


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["Cmd", "Env", "Labels", "Healthcheck", "ExposedPorts", "Tty", "StopTimeout", "User"])
host_names = st.sampled_from(["Binds", "Mounts", "PortBindings", "LogConfig", "Memory", "Ulimits", "ConsoleSize"])


@given(st.dictionaries(names, values, max_size=4), st.dictionaries(host_names, values, max_size=4) | values)
def test_any_json_is_taken_or_refused(config: dict[str, object], host: object) -> None:
    """Never anything but a value or a 400."""
    try:
        parse_create({"Image": "x", **config, "HostConfig": host})
        build(ExecConfig, {**config})
    except InvalidParameter as error:
        assert "cannot unmarshal" in error.message


@given(st.binary(max_size=30))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    """Never anything but a value or a 400."""
    try:
        parse_json(data)
    except InvalidParameter as error:
        assert error.message.startswith(("invalid JSON: ", "unexpected content after JSON"))
