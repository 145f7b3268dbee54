"""Filters as the API takes them."""

from boxship.client.json import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def as_query(pairs: "Iterable[tuple[str, str]]") -> list[tuple[str, str]]:
    """The `filters` parameter: a JSON map of name to the set of its values; nothing for no filter."""
    gathered: dict[str, dict[str, bool]] = {}
    for name, value in pairs:
        gathered.setdefault(name, {})[value] = True
    return [("filters", encode(gathered))] if gathered else []
