"""The differences of two images as people read them. Pure."""

from boxship.cli.listing.layers import printable
from boxship.cli.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORDS = (("A", "added"), ("C", "changed"), ("D", "deleted"))


def diff_text(one: str, other: str, answer: "dict[str, Any]", *, only_count: bool = False) -> str:
    """A line for each file that differs, as `diff` prints them, with what it costs; settings; the sum."""
    before, after = answer["From"], answer["To"]
    files = answer["Files"]
    lines = [
        f"{one} {_size(before['Size'])}, {other} {_size(after['Size'])} ({_growth(before['Size'], after['Size'])}); "
        f"{answer['SameLayers']} of {before['Layers']} and {after['Layers']} layers are the same"
    ]
    for setting in answer["Config"]:
        lines.append(f"{printable(setting['Key'])}: {_value(setting['From'])} -> {_value(setting['To'])}")
    if not only_count:
        shown = [_growth(file["From"], file["To"]) for file in files]
        width = max(map(len, shown), default=0)
        for file, growth in zip(files, shown, strict=True):
            what = f"  ({', '.join(file['What'])})" if file["What"] else ""
            lines.append(f"{file['Kind']}  {growth.rjust(width)}  {printable(file['Path'])}{what}")
    lines.append(_sum(files))
    return "\n".join(lines) + "\n"


def _sum(files: "list[dict[str, Any]]") -> str:
    if not files:
        return "the files are the same"
    counts = []
    for kind, word in _WORDS:
        some = [file for file in files if file["Kind"] == kind]
        if some:
            growth = _growth(sum(file["From"] for file in some), sum(file["To"] for file in some))
            counts.append(f"{len(some)} {word} ({growth})")
    return ", ".join(counts)


def _growth(before: int, after: int) -> str:
    if after == before:
        return "0B"
    return f"{'+' if after > before else '-'}{_size(abs(after - before))}"


def _size(size: int) -> str:
    return human_size(size, 3)


def _value(value: "Any") -> str:
    if value is None or value == "":
        return "(not set)"
    if isinstance(value, str):
        return printable(value)
    from boxship.client.json import compact

    return printable(compact(value))
