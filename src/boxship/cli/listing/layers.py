"""An image's layers as people read them. Pure."""

from boxship.cli.output import table
from boxship.cli.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WIDTH = 60


def layers_text(name: str, answer: "dict[str, Any]") -> str:
    """The page for one image: its sizes, its layers, and which files take space that nobody sees."""
    layers = answer["Layers"]
    many = f"{len(layers)} layer{'' if len(layers) == 1 else 's'}"
    lines = [f"{name}  {many}, {_size(answer['Size'])}"]
    if answer["Wasted"]:
        share = answer["Wasted"] * 100 / answer["Size"]
        lines[0] += f", {_size(answer['Wasted'])} of it wasted ({share:.2g}%)"
    rows = [["LAYER", "SIZE", "ADDED", "CHANGED", "DELETED", "WASTED", "INSTRUCTION"]]
    for layer in layers:
        counts = [_count(layer[key]) for key in ("Added", "Changed", "Deleted")]
        wasted = _size(layer["Wasted"]["Bytes"]) if layer["Wasted"]["Bytes"] else "-"
        rows.append([str(layer["Number"]), _size(layer["Size"]), *counts, wasted, _short(layer["Instruction"])])
    text = "\n".join(lines) + "\n"
    if layers:
        text += table(rows, minimum=0)
    if answer["Hidden"]:
        text += _hidden(answer)
    return text


def _hidden(answer: "dict[str, Any]") -> str:
    listed = answer["Hidden"]
    more = answer["HiddenFiles"] - len(listed)
    lines = ["wasted: stored in one layer, changed or deleted by a later one"]
    width = max(len(_size(file["Bytes"])) for file in listed)
    for file in listed:
        where = f"in layer {file['Layer']}, {file['How']} by layer {file['HiddenBy']}{_why(file)}"
        lines.append(f"  {_size(file['Bytes']).rjust(width)}  {printable(file['Path'])}  {where}")
    if more > 0:
        lines.append(f"  and {more} more: --format json lists them")
    lines.append("  to get it back: remove a file in the RUN that makes it, set owner and mode where it is copied")
    return "\n".join(lines) + "\n"


def _why(file: "dict[str, Any]") -> str:
    what = file["What"]
    if file["How"] == "deleted" or "content" in what or "target" in what:
        return ""
    if not what:
        return ": the same file once more"
    return f": only its {' and '.join(what)}, the content is there twice"


def _count(count: "dict[str, int]") -> str:
    if not count["Files"]:
        return "-"
    return f"{count['Files']} ({_size(count['Bytes'])})"


def _size(size: int) -> str:
    return human_size(size, 3)


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def printable(text: str) -> str:
    """Without what would move the cursor: names come from whoever made the image."""
    return "".join([letter if letter.isprintable() else "�" for letter in text])
