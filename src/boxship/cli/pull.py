"""`boxship pull`, and what `run` and `create` do when their image is missing."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.model.reference import Reference

USAGE = "[OPTIONS] NAME[:TAG|@DIGEST]"
ABOUT = "Bring an image from a registry"
ARGS = (1, 1)
FLAGS = (
    Flag("all-tags", "a", "", "Bring all tags of the repository"),
    Flag("disable-content-trust", "", "", "Accepted for Docker's sake", hidden=True),
    Flag("platform", "", "string", "Bring the image for this platform, os[/arch[/variant]]"),
    Flag("quiet", "q", "", "Print the image's name only"),
)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")


def run(cli: Cli, parsed: Parsed) -> int:
    """Pull, and print the image's whole name. CliError, DaemonError."""
    from boxship.lib.errors import InvalidParameter
    from boxship.model.reference import parse

    try:
        reference = parse(parsed.args[0])
    except InvalidParameter as error:
        raise CliError(error.message) from None
    every = parsed.on("all-tags")
    if every and (reference.tag or reference.digest):
        raise CliError("tag can't be used with --all-tags/-a")
    if not every and not reference.tag and not reference.digest:
        reference = reference.with_default_tag()
        if not parsed.on("quiet"):
            out(f"Using default tag: {reference.tag}\n")
    pull(cli, parsed, reference, 1)
    out(f"{reference}\n")
    return 0


def pull(cli: Cli, parsed: Parsed, reference: "Reference", fd: int) -> None:
    """Bring an image; progress goes to `fd` unless it is to be quiet. CliError, DaemonError.

    reference: without tag and digest for all tags.
    """
    from boxship.cli.progress import show
    from boxship.cli.registry.credentials import header

    check_trust(parsed)
    query = [("fromImage", reference.name)]
    query += [("tag", reference.digest or reference.tag)] if reference.digest or reference.tag else []
    platform = wanted_platform(parsed)
    query += [("platform", platform)] if platform else []
    events = cli.client.events("POST", "/images/create", query, headers=(header(cli, reference.domain),))
    show(events, fd, quiet=parsed.on("quiet"))


def wanted_platform(parsed: Parsed) -> str:
    """What --platform says, else what the environment says; "" for the engine's own."""
    return parsed.text("platform") if "platform" in parsed.given else os.environ.get("DOCKER_DEFAULT_PLATFORM", "")


def check_trust(parsed: Parsed) -> None:
    """CliError where signatures of images are asked for: nothing runs with less than was asked for."""
    wanted = os.environ.get("DOCKER_CONTENT_TRUST", "") in _TRUE
    if "disable-content-trust" in parsed.given:
        wanted = not parsed.on("disable-content-trust")
    if wanted:
        raise CliError(
            "content trust (signatures by Notary) is not supported; an image is exactly what its digest says when it "
            "is named by one\n"
            "  without signatures:  --disable-content-trust, or unset DOCKER_CONTENT_TRUST"
        )
