"""Limits of resources as `--default-ulimit` writes them."""

from boxship.model.config import Ulimit


def ulimit(text: str) -> Ulimit:
    """NAME=SOFT[:HARD]; -1 is unlimited. ValueError for anything else; what makes sense is looked at later."""
    name, equals, values = text.partition("=")
    soft, colon, hard = values.partition(":")
    if not name or not equals:
        raise ValueError(f"invalid ulimit argument: {text}")
    return Ulimit(name=name, soft=int(soft), hard=int(hard if colon else soft))
