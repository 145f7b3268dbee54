"""--device: devices of the host, by path or by a CDI name. Pure."""

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BadDevice(Exception):
    """A device that can't be read. The message is Docker's."""


def devices(texts: "list[str]") -> "tuple[list[dict[str, str]], list[dict[str, Any]]]":
    """Every --device: mappings, and requests by CDI names. BadDevice."""
    mappings: list[dict[str, str]] = []
    names: list[str] = []
    for text in texts:
        if _is_cdi(text):
            names.append(text)
        else:
            mappings.append(_mapping(text))
    requests = []
    if names:
        requests.append(
            {"Driver": "cdi", "Count": 0, "DeviceIDs": names, "Capabilities": None, "Options": None},
        )
    return mappings, requests


def _is_cdi(text: str) -> bool:
    # vendor.com/class=name (CDI specification, "Qualified device names")
    kind, equals, name = text.partition("=")
    vendor, slash, group = kind.partition("/")
    return bool(equals and name and slash and vendor and vendor[0].isalpha() and group and group[0].isalpha())


def _is_mode(text: str) -> bool:
    return bool(text) and len(set(text)) == len(text) and not set(text) - set("rwm")


def _mapping(text: str) -> "dict[str, str]":
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise BadDevice(f"bad format for path: {text}")
    inside, mode = parts[0], "rwm"
    if len(parts) == 2:
        if _is_mode(parts[1]):
            mode = parts[1]
        else:
            inside = parts[1]
    elif len(parts) == 3:
        inside, mode = parts[1:]
        if not _is_mode(mode):
            raise BadDevice(f"bad mode specified: {mode}")
    if not inside.startswith("/"):
        raise BadDevice(f"{inside} is not an absolute path")
    if len(parts) > 1:
        inside = posixpath.normpath(inside)
    return {"PathOnHost": parts[0], "PathInContainer": inside, "CgroupPermissions": mode}
