"""`boxship commit`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out

USAGE = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]"
ABOUT = "Make an image of what a container has changed"
ARGS = (1, 2)
COMPLETES = "containers"
FLAGS = (
    Flag("author", "a", "string", "Author of the image"),
    Flag("change", "c", "list", "Dockerfile instruction for the image's configuration"),
    Flag("message", "m", "string", "Message for the image's history"),
    Flag("pause", "p", "", "Pause the container meanwhile", note="true"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Commit, and print the image's id. CliError, DaemonError."""
    name = parsed.args[1] if len(parsed.args) > 1 else ""
    query = [("author", parsed.text("author"))] if parsed.text("author") else []
    query += [("changes", change) for change in parsed.list("change")]
    query += [("comment", parsed.text("message"))] if parsed.text("message") else []
    query.append(("container", parsed.args[0]))
    if parsed.given.get("pause") is False:
        query.append(("pause", "0"))
    if name:
        from boxship.lib.errors import InvalidParameter
        from boxship.model.reference import parse

        try:
            reference = parse(name)
        except InvalidParameter as error:
            raise CliError(error.message) from None
        query.append(("repo", reference.familiar_name))
        query.append(("tag", reference.tag or "latest"))
    out(cli.client.call("POST", "/commit", query, None)["Id"] + "\n")
    return 0
