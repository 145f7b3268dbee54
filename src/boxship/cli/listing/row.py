"""What a row of a listing offers to a template."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Row:
    """One row. Subclasses have a method for each name in FIELDS.

    FIELDS: a column's name in templates -> its heading. JSON: the fields that `json` shows, sorted. TYPE: the name
    that Go's messages give the row.
    """

    FIELDS: "dict[str, str]" = {}  # noqa: RUF012
    JSON: "tuple[str, ...]" = ()
    METHODS: "tuple[str, ...]" = ()
    TYPE = ""
    # Gets the names of the fields that were asked for, where somebody wants to know.
    seen: "set[str] | None" = None

    def field(self, name: str) -> "Any":
        """A column's value."""
        if self.seen is not None:
            self.seen.add(name)
        return getattr(self, f"get_{name}")()

    @property
    def as_json(self) -> "Any":
        """The row as `json` shows it."""
        return {name: self.field(name) for name in self.JSON}


def shorten(text: str, width: int) -> str:
    """The text with an ellipsis where it is longer than `width`."""
    return text if len(text) <= width else text[: width - 1] + "…"


def calendar(seconds: int) -> str:
    """A time as Go's time.Time prints itself, in the local zone."""
    import time

    local = time.localtime(seconds)
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", local)
