"""The rows of `system df`: one for each kind of thing that takes space."""

from boxship.cli.listing.row import Row
from boxship.cli.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RUNS = ("running", "paused", "restarting")


class UsageRow(Row):
    """A kind: how many there are, how many are in use, bytes of all and bytes that would come back.

    share: whether the bytes that would come back are shown in percent, too.
    """

    TYPE = "*formatter.diskUsageContext"
    FIELDS = {  # noqa: RUF012
        "Active": "ACTIVE",
        "Reclaimable": "RECLAIMABLE",
        "Size": "SIZE",
        "TotalCount": "TOTAL",
        "Type": "TYPE",
    }
    JSON = tuple(FIELDS)

    def __init__(self, kind: str, total: int, active: int, size: int, reclaimable: int, *, share: bool = True) -> None:
        self.kind = kind
        self.total = total
        self.active = active
        self.size = size
        self.reclaimable = reclaimable
        self.share = share

    def get_Type(self) -> str:
        return self.kind

    def get_TotalCount(self) -> str:
        return str(self.total)

    def get_Active(self) -> str:
        return str(self.active)

    def get_Size(self) -> str:
        return human_size(self.size)

    def get_Reclaimable(self) -> str:
        text = human_size(self.reclaimable)
        return f"{text} ({self.reclaimable * 100 // self.size}%)" if self.share and self.size > 0 else text


def usage_rows(answer: "dict[str, Any]") -> list[UsageRow]:
    """The four kinds. answer: as /system/df has it."""
    images = answer.get("Images") or []
    used = [image for image in images if image["Containers"] > 0]
    unshared = sum(
        [image["Size"] - image["SharedSize"] for image in used if -1 not in (image["Size"], image["SharedSize"])]
    )
    layers = answer.get("LayersSize") or 0
    containers = answer.get("Containers") or []
    running = [container for container in containers if container["State"] in _RUNS]
    written = sum([container.get("SizeRw") or 0 for container in containers])
    kept = sum([container.get("SizeRw") or 0 for container in running])
    volumes = [volume["UsageData"] for volume in answer.get("Volumes") or [] if volume.get("UsageData")]
    stored = sum([max(volume["Size"], 0) for volume in volumes])
    mounted = sum([max(volume["Size"], 0) for volume in volumes if volume["RefCount"] > 0])
    cache = answer.get("BuildCache") or []
    cached = sum([record["Size"] for record in cache if not record["Shared"]])
    busy = sum([record["Size"] for record in cache if record["InUse"] and not record["Shared"]])
    return [
        UsageRow("Images", len(images), len(used), layers, layers - unshared),
        UsageRow("Containers", len(containers), len(running), written, written - kept),
        UsageRow(
            "Local Volumes",
            len(volumes),
            len([volume for volume in volumes if volume["RefCount"] > 0]),
            stored,
            stored - mounted,
        ),
        UsageRow(
            "Build Cache",
            len(cache),
            len([record for record in cache if record["InUse"]]),
            cached,
            cached - busy,
            share=False,
        ),
    ]
