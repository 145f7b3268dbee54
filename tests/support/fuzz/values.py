"""Values as hostile callers send them: mostly nearly right, sometimes of another kind altogether.

A fuzzer works as root on a real machine. What it asks for may be absurd, never dangerous to the machine: no path of the
host outside the fuzzer's folder, no command but harmless ones, no kernel parameter with another value than it has.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec
from msgspec import inspect

from boxship.model.config import ContainerConfig, HostConfig

JUNK = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "true",
        "null",
        "a",
        "A" * 300,
        "é",
        "\u202e",
        "\x00",
        "a\nb",
        "../../etc",
        "/",
        "//",
        ".",
    ),
    *("%", "%00", "{}", "[]", "'", '"', "\\", "$(id)", "sha256:", "sha256:" + "0" * 64, "a" * 64, "host", "none"),
    *(
        "default",
        "bridge",
        "container:",
        "container:nobody",
        "9" * 30,
        "1e9",
        "0x10",
        "NaN",
        "-0",
        "\ud7ff",
        "a:b:c",
        "::",
    ),
)
INTEGERS = (
    0,
    1,
    -1,
    2,
    100,
    4096,
    6 << 20,
    64 << 20,
    1 << 31,
    (1 << 31) - 1,
    1 << 32,
    (1 << 63) - 1,
    -(1 << 63),
    1 << 63,
)
OTHERS: tuple[Any, ...] = (None, True, False, 0, -1, 1.5, 1e308, "text", [], {}, [None], [[]], {"": None}, {"a": {}})
COMMANDS: tuple[Any, ...] = (
    ["true"],
    ["false"],
    ["sleep", "0.1"],
    ["echo", "x"],
    ["sh", "-c", "exit 3"],
    ["/nowhere"],
    [""],
    [],
    "true",
)

# Fields whose values reach the machine beyond the container: only from these.
_SAFE: dict[str, tuple[Any, ...]] = {
    "Cmd": COMMANDS,
    "Entrypoint": (None, [], [""], ["sh"], "sh"),
    "Binds": ([], ["vol:/x"], ["/:"], ["a"], [":"], ["{folder}:/in"], ["{folder}:/in:ro,z"], ["{folder}:in"], [""]),
    "CgroupParent": ("",),
    "Sysctls": (None, {}, {"net.ipv4.ip_unprivileged_port_start": "1024"}, {"": ""}, {"a.b": "1"}, {"kernel": "x"}),
    "Devices": (
        None,
        [],
        [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}],
        [{"PathOnHost": "/dev/nothing"}],
        [{}],
    ),
    "Mounts": (
        None,
        [],
        [{"Type": "tmpfs", "Target": "/t"}],
        [{"Type": "bind", "Source": "{folder}", "Target": "/in"}],
        [{"Type": "bind", "Source": "relative", "Target": "x"}],
        [{"Type": "volume"}],
        [{"Type": "nothing", "Target": "/"}],
        [{}],
    ),
    "ContainerIDFile": ("",),
    "Runtime": ("", "nobody", "runc/../x"),
    "DeviceRequests": (None, [], [{}], [{"Driver": "x", "Count": -1}]),
    "Privileged": (False, False, True),
    # A container with the host's network or processes is fine: its commands do nothing.
    "RestartPolicy": ({"Name": "no"}, {"Name": "on-failure", "MaximumRetryCount": 1}, {"Name": "x"}, {}),
    "BlkioDeviceReadBps": (None, [{"Path": "/dev/nothing", "Rate": 1}], [{}]),
}


class Values:
    """Made from one generator, so that a number names the request. folder: the fuzzer's own, on the host."""

    def __init__(self, source: random.Random, folder: str) -> None:
        self.random = source
        self.folder = folder
        self._fields: dict[type[msgspec.Struct], list[tuple[str, inspect.Type]]] = {
            kind: [(field.encode_name, field.type) for field in _struct(kind).fields]
            for kind in (ContainerConfig, HostConfig)
        }

    def text(self) -> str:
        """A junk text."""
        return self.random.choice(JUNK)

    def create_body(self, image: str) -> Any:
        """The body of a create: a good one with some fields changed, now and then no object at all."""
        if self.random.random() < 0.02:
            return self.random.choice(OTHERS)
        body = self._object(ContainerConfig, self.random.choice((0, 0, 0, 1, 1, 2, 4)))
        body.setdefault("Cmd", self.random.choice(COMMANDS))
        body["Image"] = image if self.random.random() < 0.95 else self.text()
        host = self._object(HostConfig, self.random.choice((0, 0, 0, 1, 1, 2, 8)))
        host.setdefault("NetworkMode", self.random.choice(("none", "none", "default", "host")))
        body["HostConfig"] = host if self.random.random() < 0.97 else self.random.choice(OTHERS)
        if self.random.random() < 0.1:
            body["NetworkingConfig"] = self.random.choice((*OTHERS, {"EndpointsConfig": {"none": {}}}))
        return body

    def update_body(self) -> Any:
        """The body of an update."""
        return self._object(HostConfig, 3) if self.random.random() < 0.95 else self.random.choice(OTHERS)

    def exec_body(self) -> Any:
        """The body of an exec's creation."""
        names = ("AttachStdin", "AttachStdout", "Tty", "Privileged", "Detach")
        body: dict[str, Any] = {name: self.random.choice((True, False)) for name in names if self.random.random() < 0.4}
        body["Cmd"] = self.random.choice(COMMANDS)
        for name in ("User", "WorkingDir", "DetachKeys", "ConsoleSize", "Env"):
            if self.random.random() < 0.15:
                body[name] = self.random.choice((self.text(), [self.text()], *OTHERS))
        return body if self.random.random() < 0.97 else self.random.choice(OTHERS)

    def _object(self, kind: type[msgspec.Struct], count: int) -> dict[str, Any]:
        chosen = self.random.sample(self._fields[kind], count)
        return {name: self._field(name, wanted) for name, wanted in chosen}

    def _field(self, name: str, wanted: inspect.Type) -> Any:
        if name in _SAFE:
            return self._placed(self.random.choice(_SAFE[name]))
        if self.random.random() < 0.1:
            return self.random.choice(OTHERS)
        return self._like(wanted, 3)

    def _placed(self, value: Any) -> Any:
        match value:
            case str():
                return value.replace("{folder}", self.folder)
            case list():
                return [self._placed(item) for item in value]
            case dict():
                return {key: self._placed(item) for key, item in value.items()}
        return value

    def _like(self, wanted: inspect.Type, depth: int) -> Any:
        """A value of the wanted kind, as far as `depth` allows."""
        match wanted:
            case inspect.UnionType(types=types):
                return self._like(self.random.choice(types), depth)
            case inspect.IntType():
                return self.random.choice(INTEGERS)
            case inspect.BoolType():
                return self.random.random() < 0.5
            case inspect.StrType():
                return self.text()
            case inspect.ListType(item_type=item) if depth:
                return [self._like(item, depth - 1) for _ in range(self.random.choice((0, 1, 2)))]
            case inspect.DictType(value_type=item) if depth:
                return {self.text(): self._like(item, depth - 1) for _ in range(self.random.choice((0, 1, 2)))}
            case inspect.StructType(fields=fields) if depth:
                return {field.encode_name: self._like(field.type, depth - 1) for field in fields}
        return self.random.choice(OTHERS)


def _struct(kind: type[msgspec.Struct]) -> inspect.StructType:
    found = inspect.type_info(kind)
    assert isinstance(found, inspect.StructType)
    return found
