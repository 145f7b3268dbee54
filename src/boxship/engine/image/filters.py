"""The filters of `docker images`."""

import re
from dataclasses import dataclass

from boxship.engine.image.moment import parse_moment
from boxship.image.store import ImageStore
from boxship.lib.clock import now_ns
from boxship.lib.errors import InvalidParameter
from boxship.model.image import ImageRecord
from boxship.model.reference import parse

_KNOWN = frozenset({"before", "dangling", "label", "reference", "since", "until"})
_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false"})

Filters = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """An image that passes, and those of its names that do."""

    image: ImageRecord
    tags: list[str]
    digests: list[str]


def select(images: ImageStore, filters: Filters, *, hidden: bool = True) -> list[Selection]:
    """The images that pass all filters, the newest first. InvalidParameter, NotFound (before, since).

    hidden: also those without a name that other images were made from.
    """
    for key in filters:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    dangling = truth("dangling", filters.get("dangling", []))
    after = max((images.resolve(name).created for name in filters.get("since", [])), default=None)
    ends = [images.resolve(name).created for name in filters.get("before", [])]
    ends += [parse_moment(text, now_ns()) for text in filters.get("until", [])]
    before = min(ends, default=None)
    patterns = [_glob(text) for text in filters.get("reference", [])]
    parents = set() if hidden and dangling is not True else images.catalog.parents()
    chosen = []
    for image in images.all():
        if image.id in parents and not image.tags and not image.digests:
            continue
        if (after is not None and image.created <= after) or (before is not None and image.created >= before):
            continue
        if not all(_has_label(image, label) for label in filters.get("label", [])):
            continue
        tags = [name for name in image.tags if _matches(name, patterns)]
        digests = [name for name in image.digests if _matches(name, patterns)]
        named = bool(tags or digests)
        if patterns and not named:
            continue
        # An image that only digests name is dangling, and yet it is not without a name.
        if (dangling is True and tags) or (dangling is False and not named):
            continue
        chosen.append(Selection(image, tags, digests))
    return chosen


def truth(name: str, values: list[str]) -> bool | None:
    """What a filter that is true or false says, None when it is not given. InvalidParameter."""
    if not values:
        return None
    yes, no = not _TRUE.isdisjoint(values), not _FALSE.isdisjoint(values)
    if yes != no:
        return yes
    raise InvalidParameter(f"invalid filter '{name}=[{' '.join(values)}]'")


def _has_label(image: ImageRecord, wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    labels = image.config.labels or {}
    return name in labels and (not equals or labels[name] == value)


def _matches(name: str, patterns: list[re.Pattern[str]]) -> bool:
    if not patterns:
        return True
    repository = parse(name).familiar_name
    return any(pattern.fullmatch(name) or pattern.fullmatch(repository) for pattern in patterns)


def _glob(pattern: str) -> re.Pattern[str]:
    """A shell pattern as Go's path.Match reads it: `*` and `?` stop at a slash."""
    result = ""
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            result += "[^/]*"
        elif char == "?":
            result += "[^/]"
        elif char == "\\" and position < len(pattern):
            result += re.escape(pattern[position])
            position += 1
        elif char == "[":
            end = pattern.find("]", position + 1)
            if end < 0:
                raise InvalidParameter("syntax error in pattern")
            inside = pattern[position:end].replace("[", "\\[")
            result += f"[{inside}]"
            position = end + 1
        elif char == "\\":
            raise InvalidParameter("syntax error in pattern")
        else:
            result += re.escape(char)
    try:
        return re.compile(result)
    except re.error:
        raise InvalidParameter("syntax error in pattern") from None
