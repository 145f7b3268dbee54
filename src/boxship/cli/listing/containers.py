"""The rows of `ps`."""

import time

from boxship.cli.listing.row import Row, calendar, shorten
from boxship.cli.units import human_size
from boxship.cli.values import quote
from boxship.lib.durations import human_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMMAND_WIDTH = 20
MOUNT_WIDTH = 15


class ContainerRow(Row):
    """A container as /containers/json gives it. whole: nothing is cut short."""

    TYPE = "*formatter.ContainerContext"
    FIELDS = {  # noqa: RUF012
        "Command": "COMMAND",
        "CreatedAt": "CREATED AT",
        "ID": "CONTAINER ID",
        "Image": "IMAGE",
        "Labels": "LABELS",
        "LocalVolumes": "LOCAL VOLUMES",
        "Mounts": "MOUNTS",
        "Names": "NAMES",
        "Networks": "NETWORKS",
        "Platform": "PLATFORM",
        "Ports": "PORTS",
        "RunningFor": "CREATED",
        "Size": "SIZE",
        "State": "STATE",
        "Status": "STATUS",
    }
    JSON = tuple(FIELDS)
    METHODS = ("Label",)

    def __init__(self, data: "dict[str, Any]", whole: bool) -> None:
        self.data = data
        self.whole = whole

    def get_ID(self) -> str:
        identifier: str = self.data["Id"]
        return identifier if self.whole else identifier[:12]

    def get_Names(self) -> str:
        names = [name.removeprefix("/") for name in self.data.get("Names") or []]
        if not self.whole:  # the names that links give have a slash inside
            names = [name for name in names if "/" not in name]
        return ",".join(names)

    def get_Image(self) -> str:
        image: str = self.data.get("Image") or ""
        if not image:
            return "<no image>"
        if self.whole:
            return image
        identifier: str = self.data.get("ImageID", "").removeprefix("sha256:")[:12]
        if identifier and image.removeprefix("sha256:")[:12] == identifier:
            return identifier
        name, found, _ = image.partition("@")
        # The digest is dropped only where a tag says enough.
        return name if found and ":" in name.rpartition("/")[2] else image

    def get_Command(self) -> str:
        command: str = self.data.get("Command") or ""
        return quote(command if self.whole else shorten(command, COMMAND_WIDTH))

    def get_CreatedAt(self) -> str:
        return calendar(self.data["Created"])

    def get_RunningFor(self) -> str:
        return f"{human_duration(time.time() - self.data['Created'])} ago"

    def get_Ports(self) -> str:
        ports = self.data.get("Ports")
        if not ports:
            return ""
        from boxship.cli.listing.ports import shown

        return shown(ports)

    def get_State(self) -> str:
        state: str = self.data.get("State") or ""
        return state

    def get_Status(self) -> str:
        status: str = self.data.get("Status") or ""
        return status

    def get_Size(self) -> str:
        size = human_size(self.data.get("SizeRw") or 0, 3)
        root = self.data.get("SizeRootFs") or 0
        return f"{size} (virtual {human_size(root, 3)})" if root > 0 else size

    def get_Labels(self) -> str:
        labels = self.data.get("Labels") or {}
        return ",".join([f"{name}={labels[name]}" for name in sorted(labels)])

    def call_Label(self, name: str) -> str:
        value: str = (self.data.get("Labels") or {}).get(name, "")
        return value

    def get_Mounts(self) -> str:
        names = [mount.get("Name") or mount.get("Source", "") for mount in self.data.get("Mounts") or []]
        return ",".join([name if self.whole else shorten(name, MOUNT_WIDTH) for name in names])

    def get_LocalVolumes(self) -> str:
        return str(sum(mount.get("Driver") == "local" for mount in self.data.get("Mounts") or []))

    def get_Networks(self) -> str:
        settings = self.data.get("NetworkSettings") or {}
        return ",".join(sorted(settings.get("Networks") or {}))

    def get_Platform(self) -> "Any":
        return None
