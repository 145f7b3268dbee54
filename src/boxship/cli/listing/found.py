"""The rows of `search`."""

from boxship.cli.listing.row import Row, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 45


class FoundRow(Row):
    """An image that a registry's index knows. whole: nothing is cut short."""

    TYPE = "*search.searchContext"
    FIELDS = {  # noqa: RUF012
        "Name": "NAME",
        "Description": "DESCRIPTION",
        "StarCount": "STARS",
        "IsOfficial": "OFFICIAL",
        "IsAutomated": "AUTOMATED",
    }
    JSON = ("Description", "IsOfficial", "Name", "StarCount")

    def __init__(self, data: "dict[str, Any]", whole: bool) -> None:
        self.data = data
        self.whole = whole

    @property
    def as_json(self) -> "dict[str, str]":
        """The row as `json` shows it: everything is text, also what is true or not."""
        official = "true" if self.data.get("is_official") else "false"
        return {**{name: self.field(name) for name in self.JSON}, "IsOfficial": official}

    def get_Name(self) -> str:
        return str(self.data.get("name") or "")

    def get_Description(self) -> str:
        text = str(self.data.get("description") or "").replace("\n", " ").replace("\r", " ")
        return text if self.whole else shorten(text, _LONGEST)

    def get_StarCount(self) -> str:
        return str(self.data.get("star_count") or 0)

    def get_IsOfficial(self) -> str:
        return "[OK]" if self.data.get("is_official") else ""

    def get_IsAutomated(self) -> str:
        return "[OK]" if self.data.get("is_automated") else ""
