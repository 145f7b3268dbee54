"""The rows of `history`: one for each step of an image."""

import time

from boxship.cli.listing.row import Row, shorten
from boxship.cli.units import human_size
from boxship.lib.durations import human_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WIDTH = 45


class HistoryRow(Row):
    """A step. whole: nothing is cut short; human: sizes and times in words."""

    TYPE = "*image.historyContext"
    FIELDS = {  # noqa: RUF012
        "Comment": "COMMENT",
        "CreatedAt": "CREATED AT",
        "CreatedBy": "CREATED BY",
        "CreatedSince": "CREATED",
        "ID": "IMAGE",
        "Size": "SIZE",
    }
    JSON = tuple(FIELDS)

    def __init__(self, data: "dict[str, Any]", whole: bool, human: bool) -> None:
        self.data = data
        self.whole = whole
        self.human = human

    def get_ID(self) -> str:
        identifier: str = self.data["Id"]
        return identifier if self.whole else identifier.removeprefix("sha256:")[:12]

    def get_CreatedAt(self) -> str:
        local = time.localtime(self.data["Created"])
        zone = time.strftime("%z", local)
        return time.strftime("%Y-%m-%dT%H:%M:%S", local) + (f"{zone[:3]}:{zone[3:]}" if local.tm_gmtoff else "Z")

    def get_CreatedSince(self) -> str:
        created = self.data["Created"]
        if not self.human:
            return self.get_CreatedAt()
        return f"{human_duration(time.time() - created)} ago" if created > 0 else "N/A"

    def get_CreatedBy(self) -> str:
        text = self.data["CreatedBy"].replace("\t", " ")
        return text if self.whole else shorten(text, _WIDTH)

    def get_Size(self) -> str:
        return human_size(self.data["Size"], 3) if self.human else str(self.data["Size"])

    def get_Comment(self) -> str:
        text: str = self.data["Comment"]
        return text
