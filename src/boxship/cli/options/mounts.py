"""-v, --tmpfs and --mount: what is mounted into a new container."""

import os

from boxship.cli.values import comma_list, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BadVolume(Exception):
    """A -v that can't be read. The message is Docker's."""


def parse_mount(text: str) -> "dict[str, Any]":
    """One --mount as the API takes it. ValueError."""
    if not text.strip():
        raise ValueError("EOF")
    mount: dict[str, Any] = {"Type": "volume"}
    for field in comma_list(text.strip()):
        key, equals, value = field.partition("=")
        key = key.lower()
        if not equals:
            _flag(mount, key, field)
        else:
            _pair(mount, key, value, field)
    if not mount.get("Type"):
        raise ValueError("type is required")
    if not mount.get("Target"):
        raise ValueError("target is required")
    for options, kind in (
        ("VolumeOptions", "volume"),
        ("ImageOptions", "image"),
        ("BindOptions", "bind"),
        ("TmpfsOptions", "tmpfs"),
    ):
        if options in mount and mount["Type"] != kind:
            raise ValueError(f"cannot mix '{kind}-*' options with mount type '{mount['Type']}'")
    _check_recursion(mount, mount.get("BindOptions") or {})
    order = ("Type", "Source", "Target", "ReadOnly", "Consistency")
    return {key: mount[key] for key in (*order, *(key for key in mount if key not in order)) if key in mount}


def _check_recursion(mount: "dict[str, Any]", options: "dict[str, Any]") -> None:
    for field, value in (("ReadOnlyNonRecursive", "writable"), ("ReadOnlyForceRecursive", "readonly")):
        if options.get(field) and not mount.get("ReadOnly"):
            raise ValueError(f"option 'bind-recursive={value}' requires 'readonly' to be specified in conjunction")
    if options.get("ReadOnlyForceRecursive") and options.get("Propagation") != "rprivate":
        raise ValueError(
            "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction"
        )


def _flag(mount: "dict[str, Any]", key: str, field: str) -> None:
    if key in ("readonly", "ro"):
        mount["ReadOnly"] = True
    elif key == "volume-nocopy":
        _options(mount, "VolumeOptions").update({"DriverConfig": {}, "NoCopy": True})
    elif key == "bind-nonrecursive":
        _options(mount, "BindOptions")["NonRecursive"] = True
    else:
        raise ValueError(f"invalid field '{field}' must be a key=value pair")


def _options(mount: "dict[str, Any]", name: str) -> "dict[str, Any]":
    options: dict[str, Any] = mount.setdefault(name, {})
    return options


def _truth(key: str, value: str) -> bool:
    from boxship.cli.values import boolean

    try:
        return boolean(value)
    except ValueError:
        raise ValueError(f"invalid value for {key}: {value}") from None


def _pair(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    if key == "type":
        mount["Type"] = value.lower()
    elif key in ("source", "src"):
        if value == "." or value.startswith(("./", "..")):
            value = os.path.abspath(value)
        mount["Source"] = value
    elif key in ("target", "dst", "destination"):
        mount["Target"] = value
    elif key in ("readonly", "ro"):
        if _truth(key, value):
            mount["ReadOnly"] = True
    elif key == "consistency":
        mount["Consistency"] = value.lower()
    elif key.startswith("bind-"):
        _bind(mount, key, value, field)
    elif key == "image-subpath":
        _options(mount, "ImageOptions")["Subpath"] = value
    elif key.startswith("volume-"):
        _volume(mount, key, value, field)
    elif key == "tmpfs-size":
        try:
            _options(mount, "TmpfsOptions")["SizeBytes"] = size(value)
        except ValueError:
            raise ValueError(f"invalid value for {key}: {value}") from None
    elif key == "tmpfs-mode":
        try:
            _options(mount, "TmpfsOptions")["Mode"] = int(value, 8)
        except ValueError:
            raise ValueError(f"invalid value for {key}: {value}") from None
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _bind(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    if key == "bind-propagation":
        _options(mount, "BindOptions")["Propagation"] = value.lower()
    elif key == "bind-nonrecursive":
        if _truth(key, value):
            _options(mount, "BindOptions")["NonRecursive"] = True
    elif key == "bind-recursive":
        options = _options(mount, "BindOptions")
        if value == "disabled":
            options["NonRecursive"] = True
        elif value == "writable":
            options["ReadOnlyNonRecursive"] = True
        elif value == "readonly":
            options["ReadOnlyForceRecursive"] = True
        elif value != "enabled":
            raise ValueError(
                f'invalid value for {key}: {value} (must be "enabled", "disabled", "writable", or "readonly")'
            )
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _volume(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    options = _options(mount, "VolumeOptions")
    options.setdefault("DriverConfig", {})
    if key == "volume-subpath":
        options["Subpath"] = value
    elif key == "volume-nocopy":
        options["NoCopy"] = _truth("volume-nocopy", value)
    elif key == "volume-label":
        name, _, text = value.partition("=")
        options.setdefault("Labels", {})[name] = text
    elif key == "volume-driver":
        options["DriverConfig"]["Name"] = value
    elif key == "volume-opt":
        name, _, text = value.partition("=")
        options["DriverConfig"].setdefault("Options", {})[name] = text
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def volumes(texts: "list[str]") -> "tuple[list[str], dict[str, Any]]":
    """Every -v: the binds and named volumes, and the anonymous volumes. BadVolume."""
    binds: list[str] = []
    anonymous: dict[str, Any] = {}
    for text in texts:
        parts = text.split(":")
        if not text:
            raise BadVolume("invalid empty volume spec")
        if len(parts) > 4:
            raise BadVolume(f"invalid spec: {text}: too many colons")
        if "" in parts[:2]:
            raise BadVolume(f"invalid spec: {text}: empty section between colons")
        if len(parts) == 1:
            anonymous[text] = {}
            continue
        source, rest = parts[0], text.partition(":")[2]
        if source.startswith("."):
            source = os.path.abspath(source)
        binds.append(f"{source}:{rest}")
    return binds, anonymous


def tmpfs(texts: "list[str]") -> "dict[str, str]":
    """Every --tmpfs: path to options."""
    mounted: dict[str, str] = {}
    for text in texts:
        path, _, options = text.partition(":")
        mounted[path] = options
    return mounted
