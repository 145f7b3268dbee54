"""`boxship push`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.client.text import quote

USAGE = "[OPTIONS] NAME[:TAG]"
ABOUT = "Send an image to a registry"
ARGS = (1, 1)
COMPLETES = "images"
FLAGS = (
    Flag("all-tags", "a", "", "Send all tags of the repository"),
    Flag("disable-content-trust", "", "", "Accepted for Docker's sake", hidden=True),
    Flag("platform", "", "string", "Send the image only if it is for this platform, os[/arch[/variant]]"),
    Flag("quiet", "q", "", "Print the image's name only"),
)
_ONE_PLATFORM = (
    "Using --platform pushes only the specified platform manifest of a multi-platform image index.",
    "Other components, like attestations, will not be included.",
    "To push the complete multi-platform image, remove the --platform flag.",
    "",
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Push. CliError, DaemonError."""
    from boxship.cli.progress import show
    from boxship.cli.pull import check_trust
    from boxship.cli.registry.credentials import header
    from boxship.lib.errors import InvalidParameter
    from boxship.model.reference import parse

    try:
        reference = parse(parsed.args[0])
    except InvalidParameter as error:
        raise CliError(error.message) from None
    every, quiet = parsed.on("all-tags"), parsed.on("quiet")
    if reference.digest:
        raise CliError("cannot push a digest reference")
    if every and reference.tag:
        raise CliError("tag can't be used with --all-tags/-a")
    query = []
    if parsed.text("platform"):
        query.append(("platform", _platform(parsed.text("platform"))))
        from boxship.cli.notes import note

        out(note(_ONE_PLATFORM, 1))
    if not every:
        if not reference.tag and not quiet:
            out("Using default tag: latest\n")
        reference = reference.with_default_tag()
        query.append(("tag", reference.tag))
    check_trust(parsed)
    headers = (header(cli, reference.domain),)
    path = f"/images/{quote(reference.name, b'/:')}/push"
    show(cli.client.events("POST", path, query, headers=headers), 1, quiet=quiet)
    if quiet:
        out(f"{reference}\n")
    return 0


def _platform(text: str) -> str:
    from boxship.cli.platforms import as_json

    try:
        return as_json(text)
    except CliError as error:
        # Docker has nothing between them.
        raise CliError(f"Invalid platform {text}{error.message.removeprefix('invalid platform: ')}") from None
