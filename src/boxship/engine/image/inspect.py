"""docker image inspect."""

from typing import Any

import msgspec

from boxship.engine.engine import Engine
from boxship.engine.image.platform import on_platform
from boxship.lib.clock import rfc3339nano
from boxship.model.config import ContainerConfig
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform

# Docker prints these whatever they are, the others only when they are set.
_ALWAYS = ("Cmd", "Entrypoint", "Env", "Labels", "OnBuild", "User", "Volumes", "WorkingDir")
_WHEN_SET = ("ArgsEscaped", "ExposedPorts", "Healthcheck", "Shell", "StopSignal")


def inspect(engine: Engine, name: str, platform: Platform | None = None) -> dict[str, Any]:
    """The body of `GET /images/{name}/json` (API 1.51).

    NotFound, also for an image that is not for `platform`; InvalidParameter.
    """
    image = on_platform(engine, name, platform)
    body: dict[str, Any] = {
        "Id": image.id,
        "RepoTags": image.tags,
        "RepoDigests": image.digests,
        "Parent": image.parent,
        "Comment": image.comment,
        "Created": rfc3339nano(image.created),
        "DockerVersion": image.docker_version,
        "Author": image.author,
        "Architecture": image.architecture,
        "Variant": image.variant,
        "Os": image.os,
        "Size": image.size,
        "GraphDriver": _driver(engine, image),
        "RootFS": {"Type": "layers", "Layers": image.diff_ids},
        "Metadata": {"LastTagTime": rfc3339nano(image.last_tagged)},
        "Config": config_body(image.config),
    }
    if not image.variant:
        del body["Variant"]
    if not image.created:
        del body["Created"]
    if not image.diff_ids:
        del body["RootFS"]["Layers"]
    return body


def config_body(config: ContainerConfig) -> dict[str, Any]:
    """The part of a config that images have, with Docker's rule which of its keys are there."""
    values = msgspec.to_builtins(config)
    body = {key: values[key] for key in _ALWAYS}
    return body | {key: values[key] for key in _WHEN_SET if values[key]}


def _driver(engine: Engine, image: ImageRecord) -> dict[str, Any]:
    folders = engine.snapshotter.folders(image.diff_ids)
    data = {"UpperDir": folders[0]} if folders else {}
    if len(folders) > 1:
        data["LowerDir"] = ":".join(folders[1:])
    return {"Data": data or None, "Name": engine.snapshotter.name}
