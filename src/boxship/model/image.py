"""An image as the engine keeps it."""

from dataclasses import dataclass

import msgspec

from boxship.model.config import ContainerConfig


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One image: its identity, its place in the store and what of its config containers need.

    id: "sha256:…", the digest of the config blob, which the content store has. diff_ids: the layers, lowest first.
    size: bytes of all layers unpacked. created, last_tagged: nanoseconds since the epoch, 0 for never.
    tags, digests: the names that lead here, as Docker lists them (`busybox:latest`, `busybox@sha256:…`), sorted.
    parent: the image it was built from on this machine, "" for none.
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
    tags: list[str] = []
    digests: list[str] = []


@dataclass(frozen=True, slots=True)
class ContainerUse:
    """A container that was made from an image, as removing the image needs to know it."""

    id: str
    running: bool
