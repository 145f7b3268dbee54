"""`boxship image inspect --layers`: what each layer brings and wastes, and whether the image keeps to its budget."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import err, out
from boxship.client.errors import DaemonError
from boxship.client.text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAGS = (
    Flag("layers", "", "", "Show what each layer adds, changes, deletes and wastes"),
    Flag("budget", "", "string", "With --layers: exit with 100 when the image is larger than this, such as 200MB"),
    Flag("budget-wasted", "", "string", "With --layers: exit with 100 when more is wasted, such as 10MB or 5%"),
)
OVER = 100


def asked(parsed: Parsed) -> bool:
    """Whether the command line is for this module. CliError when a budget is given and --layers is not."""
    if not parsed.on("layers"):
        for name in ("budget", "budget-wasted"):
            if parsed.text(name):
                raise CliError(f"--{name} needs --layers")
    return parsed.on("layers")


def show(cli: Cli, parsed: Parsed) -> int:
    """Ask for each image and print it; 100 when one is over its budget, 1 when one could not be asked. CliError."""
    limits = _limits(parsed)
    text = parsed.text("format")
    if text not in ("", "json"):
        raise CliError("--layers can be printed as a table or with --format json")
    found: list[dict[str, Any]] = []
    failed = False
    for name in parsed.args:
        try:
            answer = ask(cli, name, "layers", [("hidden", "1000" if text else "5")])
        except DaemonError as error:
            err(f"Error response from daemon: {error.message}\n")
            failed = True
            continue
        answer["Budget"] = _over(answer, limits)
        found.append(answer)
        if not text:
            from boxship.cli.listing.layers import layers_text

            out(("\n" if len(found) > 1 else "") + layers_text(name, answer))
        for line in answer["Budget"]:
            err(f"{name} {line}\n")
    if text:
        from boxship.client.json import indent

        out(indent(found, "    ") + "\n")
    if any(answer["Budget"] for answer in found):
        return OVER
    return 1 if failed else 0


def ask(cli: Cli, name: str, about: str, query: "list[tuple[str, str]]") -> "dict[str, Any]":
    """A call of ours about an image. DaemonError; CliError where the engine is another one, which has none of them."""
    try:
        answer: dict[str, Any] = cli.client.call("GET", f"/boxship/images/{quote(name, b'/:@')}/{about}", query)
    except DaemonError as error:
        if error.status == 404 and error.message.strip() == "page not found":
            raise CliError(f"the engine at {cli.client.host.url} does not explain images: it is no Boxship") from None
        raise
    return answer


def _limits(parsed: Parsed) -> "dict[str, tuple[float, str]]":
    from boxship.cli.units import parse_size

    limits: dict[str, tuple[float, str]] = {}
    for name in ("budget", "budget-wasted"):
        given = parsed.text(name)
        if not given:
            continue
        share = name == "budget-wasted" and given.endswith("%")
        try:
            limits[name] = (_percent(given[:-1]), "%") if share else (parse_size(given), "B")
        except ValueError:
            raise CliError(f'invalid size for --{name}: "{given}"') from None
    return limits


def _percent(text: str) -> float:
    digits = text.replace(".", "", 1)
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError("no number")
    return float(text)


def _over(answer: "dict[str, Any]", limits: "dict[str, tuple[float, str]]") -> "list[str]":
    """A sentence for each limit that the image breaks."""
    from boxship.cli.units import human_size

    said = []
    size, wasted = answer["Size"], answer["Wasted"]
    if "budget" in limits and size > limits["budget"][0]:
        limit = limits["budget"][0]
        said.append(
            f"is over its budget: {human_size(size)} of {human_size(limit)}, {human_size(size - limit)} too much"
        )
    if "budget-wasted" in limits:
        limit, unit = limits["budget-wasted"]
        if unit == "%" and size and wasted * 100 > limit * size:
            said.append(f"wastes more than its budget: {wasted * 100 / size:.3g}% of {limit:g}%")
        elif unit == "B" and wasted > limit:
            said.append(f"wastes more than its budget: {human_size(wasted)} of {human_size(limit)}")
    return said
