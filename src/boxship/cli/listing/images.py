"""The rows of `images`: one for each name of an image."""

import time

from boxship.cli.listing.row import Row, calendar
from boxship.cli.units import human_size
from boxship.lib.durations import human_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NONE = "<none>"


class ImageRow(Row):
    """A name of an image. whole: nothing is cut short."""

    TYPE = "*formatter.imageContext"
    FIELDS = {  # noqa: RUF012
        "Containers": "CONTAINERS",
        "CreatedAt": "CREATED AT",
        "CreatedSince": "CREATED",
        "Digest": "DIGEST",
        "ID": "IMAGE ID",
        "Repository": "REPOSITORY",
        "SharedSize": "SHARED SIZE",
        "Size": "SIZE",
        "Tag": "TAG",
        "UniqueSize": "UNIQUE SIZE",
        "VirtualSize": "VIRTUAL SIZE",
    }
    JSON = tuple(FIELDS)

    def __init__(self, data: "dict[str, Any]", whole: bool, repository: str, tag: str, digest: str) -> None:
        self.data = data
        self.whole = whole
        self.repository = repository
        self.tag = tag
        self.digest = digest

    def get_ID(self) -> str:
        identifier: str = self.data["Id"]
        return identifier if self.whole else identifier.removeprefix("sha256:")[:12]

    def get_Repository(self) -> str:
        return self.repository

    def get_Tag(self) -> str:
        return self.tag

    def get_Digest(self) -> str:
        return self.digest

    def get_CreatedSince(self) -> str:
        created = self.data["Created"]
        return f"{human_duration(time.time() - created)} ago" if created > 0 else "N/A"

    def get_CreatedAt(self) -> str:
        return calendar(self.data["Created"])

    def get_Size(self) -> str:
        return human_size(self.data.get("Size") or 0, 3)

    def get_VirtualSize(self) -> str:
        return human_size(self.data.get("Size") or 0)

    def get_Containers(self) -> str:
        count = self.data.get("Containers", -1)
        return "N/A" if count == -1 else str(count)

    def get_SharedSize(self) -> str:
        size = self.data.get("SharedSize", -1)
        return "N/A" if size == -1 else human_size(size)

    def get_UniqueSize(self) -> str:
        shared, size = self.data.get("SharedSize", -1), self.data.get("Size", -1)
        return "N/A" if -1 in (shared, size) else human_size(size - shared)


def rows(images: "list[dict[str, Any]]", whole: bool, digests: bool) -> "Iterator[ImageRow]":
    """Every name of every image. digests: a row for each digest of a name, too."""
    for image in images:
        names = [name for name in image.get("RepoTags") or [] if name != "<none>:<none>"]
        known = [name for name in image.get("RepoDigests") or [] if name != "<none>@<none>"]
        if not names and not known:
            yield ImageRow(image, whole, NONE, NONE, NONE)
            continue
        yield from _named(image, whole, names, known, digests)


def _named(
    image: "dict[str, Any]", whole: bool, names: list[str], known: list[str], digests: bool
) -> "Iterator[ImageRow]":
    tags: dict[str, list[str]] = {}
    sums: dict[str, list[str]] = {}
    for name in names:
        repository, _, tag = name.rpartition(":")
        tags.setdefault(repository, []).append(tag)
    for name in known:
        repository, _, digest = name.partition("@")
        sums.setdefault(repository, []).append(digest)
    for repository, given in tags.items():
        mine = sums.pop(repository, [])
        for tag in given:
            if not digests or not mine:
                yield ImageRow(image, whole, repository, tag, NONE)
                continue
            for digest in mine:
                yield ImageRow(image, whole, repository, tag, digest)
    for repository, rest in sums.items():
        if not digests:
            yield ImageRow(image, whole, repository, NONE, NONE)
            continue
        for digest in rest:
            yield ImageRow(image, whole, repository, NONE, digest)
