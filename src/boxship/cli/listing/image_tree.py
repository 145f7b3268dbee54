"""`images --tree`: an image by all its names, the last of them with what it takes. Docker calls it experimental."""

from boxship.cli.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEADINGS = ("IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "EXTRA")
_NAMELESS = "<untagged>"
_LONGEST, _PADDING = 31, 3
_LEGEND = "Info ->  U In Use"
_RIGHT = 80


def tree(images: "list[dict[str, Any]]") -> str:
    """The lines. Sizes stand at the right of their columns."""
    rows: list[tuple[str, ...]] = []
    for image in images:
        names = [_short(name) for name in image.get("RepoTags") or [] if name != "<none>:<none>"] or [_NAMELESS]
        rows += [(name,) for name in names[:-1]]
        used = "U" if image.get("Containers", 0) > 0 else ""
        rows.append((names[-1], image["Id"].removeprefix("sha256:")[:12], human_size(image["Size"], 3), "0B", used))
    whole = [row for row in (_HEADINGS, *rows) if len(row) > 1]
    widths = [
        max(len(row[0]) for row in (_HEADINGS, *rows)),
        *(max(map(len, column)) for column in list(zip(*whole, strict=True))[1:]),
    ]
    lines = [_LEGEND.rjust(_RIGHT), "", _line(_HEADINGS, widths, head=True)]
    lines += [_line(row, widths) if len(row) > 1 else row[0] for row in rows]
    return "".join([f"{line}\n" for line in lines])


def _line(row: "tuple[str, ...]", widths: list[int], *, head: bool = False) -> str:
    name, identifier, usage, content, extra = row
    sizes = [(usage, widths[2]), (content, widths[3])]
    cells = [name.ljust(widths[0]), identifier.ljust(widths[1])]
    cells += [cell.ljust(width) if head else cell.rjust(width) for cell, width in sizes]
    return (" " * _PADDING).join([*cells, extra]).rstrip()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
