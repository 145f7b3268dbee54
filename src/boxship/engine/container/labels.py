"""The SELinux labels of a new container."""

import os

from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError
from boxship.model.config import HostConfig
from boxship.runtime.spec.labels import NO_LABELS, Labels, container_labels, level_of, shared_options
from boxship.runtime.spec.namespaces import joined_containers
from boxship.runtime.spec.security import read_security


def new_labels(engine: Engine, host: HostConfig) -> Labels:
    """Labels with a level that no other container has, unless `host` asks for one or joins another container.

    BoxshipError (500, as Docker) for options that are none; NotFound. None of it where SELinux is off.
    """
    features = engine.host
    if not features.selinux:
        return NO_LABELS
    options = list(read_security(host.security_opt).labels) or _of_joined(engine, host)
    return container_labels(
        options,
        process=features.selinux_process,
        file=features.selinux_file,
        taken={level_of(container.record.mount_label) for container in engine.containers} | engine.containers.levels,
        draw=lambda bound: int.from_bytes(os.urandom(8)) % bound,
    )


def _of_joined(engine: Engine, host: HostConfig) -> list[str]:
    """Who shares memory or processes with another container has to have its label."""
    joined = {kind: ref for kind, ref in joined_containers(host).items() if kind != "network"}
    options = [shared_options(engine.containers.get(ref).record.process_label) for ref in joined.values()]
    if any(each != options[0] for each in options):
        raise BoxshipError("--ipc and --pid containers SELinux labels aren't the same")
    return options[0] if options else []
