"""`linux.devices` and the rules of `linux.resources.devices`."""

from typing import Any

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model.config import HostConfig
from boxship.runtime.spec.input import Prepared

_ALL: dict[str, Any] = {"allow": True, "access": "rwm"}


def _allow(major: int, minor: int) -> dict[str, Any]:
    return {"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}


# zero, null, urandom, random, tty, console; the runtime adds the ones that no container can do without.
_DEFAULTS: list[dict[str, Any]] = [
    {"allow": False, "access": "rwm"},
    *(_allow(major, minor) for major, minor in ((1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1))),
]


def check_device_rules(host: HostConfig) -> None:
    """BoxshipError (500, as Docker) for a --device-cgroup-rule that is none or a mapping with no such access."""
    for text in host.device_cgroup_rules or ():
        parse_rule(text)
    for device in host.devices or ():
        if not set(device.cgroup_permissions) <= set("rwm"):
            raise BoxshipError(
                f"device {device.path_on_host}: invalid permissions {device.cgroup_permissions!r}, "
                "they are letters of rwm"
            )


def parse_rule(text: str) -> dict[str, Any]:
    """`TYPE MAJOR:MINOR ACCESS`, as in `c 42:* rwm`."""
    parts = text.split(" ")
    # Docker makes the container and says this at each start.
    fault = InvalidParameter(f"invalid device cgroup rule format: '{text}'")
    if len(parts) != 3 or parts[0] not in ("a", "b", "c"):
        raise fault
    major, colon, minor = parts[1].partition(":")
    access = parts[2]
    if not colon or not _is_part(major) or not _is_part(minor):
        raise fault
    if not 1 <= len(access) <= 3 or not set(access) <= set("rwm"):
        raise fault
    return {"allow": True, "type": parts[0], "major": _part(major), "minor": _part(minor), "access": access}


def device_rules(host: HostConfig, prepared: Prepared) -> list[dict[str, Any]]:
    """The allow-list, in the order in which it applies. A privileged container may open everything."""
    if host.privileged:
        return [_ALL]
    rules = list(_DEFAULTS)
    for node in prepared.devices:
        rules.append(
            {
                "allow": True,
                "type": node.kind,
                "major": node.major,
                "minor": node.minor,
                "access": node.access or "rwm",
            }
        )
    rules += [parse_rule(text) for text in host.device_cgroup_rules or ()]
    return rules


def device_nodes(prepared: Prepared) -> list[dict[str, Any]]:
    """`linux.devices`."""
    return [
        {
            "path": node.path,
            "type": node.kind,
            "major": node.major,
            "minor": node.minor,
            "fileMode": node.mode,
            "uid": node.uid,
            "gid": node.gid,
        }
        for node in prepared.devices
    ]


def _is_part(text: str) -> bool:
    return text == "*" or text.isdecimal()


def _part(text: str) -> int:
    return -1 if text == "*" else int(text)
