"""`boxship tag`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.client.text import quote

USAGE = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]"
ABOUT = "Give an image one more name"
ARGS = (2, 2)
COMPLETES = "images"
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Tag. CliError, DaemonError."""
    from boxship.lib.errors import InvalidParameter
    from boxship.model.reference import parse

    source, target = parsed.args
    for text in (target, source):
        if text == source and source.startswith("sha256:"):
            continue
        try:
            parse(text)
        except InvalidParameter as error:
            if text == source and "hexadecimal" in error.message:
                continue
            raise CliError(
                f'Error parsing reference: "{text}" is not a valid repository/tag: {error.message}'
            ) from None
    reference = parse(target)
    if reference.digest:
        raise CliError("refusing to create a tag with a digest reference")
    reference = reference.with_default_tag()
    cli.client.call("POST", f"/images/{quote(source, b'/:@')}/tag", [("repo", reference.name), ("tag", reference.tag)])
    return 0
