"""The three networks that containers can name before this engine makes networks of its own."""

import hashlib
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.system.identity import engine_id
from boxship.lib.clock import rfc3339nano

_DRIVERS = {"bridge": "bridge", "host": "host", "none": "null"}


def predefined(engine: Engine) -> list[dict[str, Any]]:
    """Their bodies (API 1.51); ids stay the same for one data root (blocks)."""
    identity = engine_id(engine.config.data_root)
    return [
        {
            "Name": name,
            "Id": hashlib.sha256(f"{identity}/{name}".encode()).hexdigest(),
            "Created": rfc3339nano(0),
            "Scope": "local",
            "Driver": driver,
            "EnableIPv4": True,
            "EnableIPv6": False,
            "IPAM": {"Driver": "default", "Options": None, "Config": None},
            "Internal": False,
            "Attachable": False,
            "Ingress": False,
            "ConfigFrom": {"Network": ""},
            "ConfigOnly": False,
            "Containers": {},
            "Options": {},
            "Labels": {},
        }
        for name, driver in _DRIVERS.items()
    ]
