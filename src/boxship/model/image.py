"""An image as the engine keeps it."""

from typing import Any

import msgspec

from boxship.model.config import ContainerConfig


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One image: its identity, its place in the store and what of its config containers need.

    id: "sha256:…", the digest of the config blob. diff_ids: the layers, lowest first. size: bytes of all
    layers unpacked. created, last_tagged: nanoseconds since the epoch, 0 for never. config_json: the config blob's
    bytes, unchanged.
    """

    id: str
    diff_ids: list[str]
    size: int
    created: int
    architecture: str
    os: str
    variant: str = ""
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    parent: str = ""
    last_tagged: int = 0
    config: ContainerConfig = ContainerConfig()
    config_json: bytes = b""
    tags: list[str] = []
    digests: list[str] = []
    history: list[dict[str, Any]] = []
