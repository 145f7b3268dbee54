"""The compiled seccomp filter of a container, made once for each profile."""

import json
from typing import Any

import msgspec

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.runtime.profiles.compiled import compiled_filter

_encode = msgspec.json.Encoder().encode


def filter_program(engine: Engine, spec: dict[str, Any]) -> str:
    """The file of the program for a spec's `linux.seccomp`, "" for none (blocks)."""
    profile = spec["linux"].get("seccomp")
    if profile is None:
        return ""
    # A lookup by the profile's text costs a hundredth of its digest.
    key = _encode(profile)
    path = engine.filters.get(key)
    if path is None:
        path = engine.filters[key] = compiled_filter(profile, engine.host.machine, engine.config.filter_folder)
    return path


def filter_of_run(engine: Engine, container: Container) -> str:
    """The program that a running container was started with, also by a former daemon (blocks)."""
    if container.filter_program is None:
        with open(f"{engine.config.bundle_folder(container.id)}/config.json", "rb") as file:
            container.filter_program = filter_program(engine, json.load(file))
    return container.filter_program
