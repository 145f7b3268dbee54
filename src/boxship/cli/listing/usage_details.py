"""`system df -v`: every image, container, volume and piece of build cache."""

from boxship.cli.listing.containers import ContainerRow
from boxship.cli.listing.images import NONE, ImageRow
from boxship.cli.listing.row import Row
from boxship.cli.output import table
from boxship.cli.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_IMAGES = ("Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers")
_CONTAINERS = ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")


class VolumeRow(Row):
    """A volume."""

    TYPE = "*formatter.volumeContext"
    FIELDS = {  # noqa: RUF012
        "Driver": "DRIVER",
        "Links": "LINKS",
        "Mountpoint": "MOUNTPOINT",
        "Name": "VOLUME NAME",
        "Scope": "SCOPE",
        "Size": "SIZE",
    }
    JSON = tuple(FIELDS)

    def __init__(self, data: "dict[str, Any]") -> None:
        self.data = data

    def field(self, name: str) -> "Any":
        usage = self.data.get("UsageData")
        if name == "Links":
            return str(usage["RefCount"]) if usage else "N/A"
        if name == "Size":
            return human_size(usage["Size"]) if usage else "N/A"
        return self.data.get(name, "")


class CacheRow(Row):
    """A piece of build cache."""

    TYPE = "*formatter.buildCacheContext"
    FIELDS = {  # noqa: RUF012
        "ID": "CACHE ID",
        "CacheType": "CACHE TYPE",
        "Size": "SIZE",
        "CreatedSince": "CREATED",
        "LastUsedSince": "LAST USED",
        "UsageCount": "USAGE",
        "Shared": "SHARED",
    }
    JSON = tuple(FIELDS)

    def __init__(self, data: "dict[str, Any]", whole: bool) -> None:
        self.data = data
        self.whole = whole

    def field(self, name: str) -> "Any":
        value = self.data.get(
            {"CacheType": "Type", "CreatedSince": "CreatedAt", "LastUsedSince": "LastUsedAt"}.get(name, name)
        )
        if name == "Size":
            return human_size(value or 0, 3)
        if name == "ID" and not self.whole:
            return str(value)[:12]
        return "true" if value is True else "false" if value is False else str(value or "")


class Details(Row):
    """All of them, for templates. whole: nothing is cut short."""

    TYPE = "*formatter.diskUsageContext"
    FIELDS = {"Images": "", "Containers": "", "Volumes": "", "BuildCache": ""}  # noqa: RUF012
    JSON = tuple(FIELDS)

    def __init__(self, answer: "dict[str, Any]", whole: bool) -> None:
        self.kinds: dict[str, Sequence[Row]] = {
            "Images": [_image(image, whole) for image in answer.get("Images") or []],
            "Containers": [_Container(container, whole) for container in answer.get("Containers") or []],
            "Volumes": [VolumeRow(volume) for volume in answer.get("Volumes") or []],
            "BuildCache": [CacheRow(record, whole) for record in answer.get("BuildCache") or []],
        }

    def field(self, name: str) -> "Any":
        return self.kinds[name]

    @property
    def as_json(self) -> "Any":
        return {name: [row.as_json for row in rows] for name, rows in self.kinds.items()}


class _Container(ContainerRow):
    def get_Size(self) -> str:
        return human_size(self.data.get("SizeRw") or 0, 3)


def _image(image: "dict[str, Any]", whole: bool) -> ImageRow:
    """An image by its first name; it takes its space once."""
    repository, tag = NONE, NONE
    if names := image.get("RepoTags"):
        repository, _, tag = names[0].rpartition(":")
    elif names := image.get("RepoDigests"):
        repository = names[0].partition("@")[0]
    return ImageRow(image, whole, repository, tag, "")


def render_details(answer: "dict[str, Any]", text: str) -> str:
    """Tables, or what the format says. answer: as /system/df has it. CliError."""
    if text != "table":
        from boxship.cli.listing.formats import render

        return render(text, [Details(answer, True)], Details).removesuffix("\n")  # as Docker has it
    kinds = Details(answer, False).kinds
    cached = sum([record["Size"] for record in answer.get("BuildCache") or [] if not record["Shared"]])
    parts = [
        "Images space usage:\n\n" + _table(ImageRow, _IMAGES, kinds["Images"]),
        "Containers space usage:\n\n" + _table(ContainerRow, _CONTAINERS, kinds["Containers"]),
        "Local Volumes space usage:\n\n" + _table(VolumeRow, ("Name", "Links", "Size"), kinds["Volumes"]),
        f"Build cache usage: {human_size(cached)}\n\n" + _table(CacheRow, tuple(CacheRow.FIELDS), kinds["BuildCache"]),
    ]
    if paths := (answer.get("Disk") or {}).get("UnownedPaths"):
        parts.append(
            "Nobody's files:\n\n"
            + table([["PATH", "SIZE"], *[[path["Path"], human_size(path["Size"])] for path in paths]])
        )
    return "\n".join(parts)


def _table(kind: type[Row], columns: "Sequence[str]", rows: "Sequence[Row]") -> str:
    return table([[kind.FIELDS[name] for name in columns], *[[row.field(name) for name in columns] for row in rows]])
