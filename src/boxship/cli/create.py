"""`boxship create`, and what `run` shares with it: the container is made, its image brought where it is missing."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.options.cidfile import CidFile
from boxship.cli.options.config import build
from boxship.cli.options.table import SHARED
from boxship.cli.output import err, out
from boxship.client.errors import DaemonError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] IMAGE [COMMAND] [ARG...]"
ABOUT = "Make a container without starting it"
ARGS = (1, -1)
COMPLETES = "images"
INTERSPERSED = False
FLAGS: tuple[Flag, ...] = SHARED

_WINDOWS = ("cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def run(cli: Cli, parsed: Parsed) -> int:
    """Create, and print the id. DaemonError, CliError."""
    body = prepare(cli, parsed)
    out(f"{create(cli, parsed, body)}\n")
    return 0


def prepare(cli: Cli, parsed: Parsed) -> "dict[str, Any]":
    """The request's body, checked as far as a client can. CliError."""
    from boxship.cli.terminal import size

    foreign = [f"--{flag}" for flag in _WINDOWS if flag in parsed.given]
    if foreign:
        lines = [
            f'"{flag}" is only supported on a Docker daemon running on windows, '
            "but the Docker daemon is running on linux"
            for flag in foreign
        ]
        raise CliError("\n".join(lines))
    pull = parsed.text("pull", "missing")
    if pull not in ("always", "missing", "never"):
        raise cli.refused(f'invalid pull option: \'{pull}\': must be one of "always", "missing" or "never"')
    try:
        body = build(parsed, size(1))
    except CliError as error:
        raise cli.refused(error.message) from None
    proxies = cli.config.get("proxies")
    if proxies:
        from boxship.cli.proxies import add

        add(body, proxies, cli.host.url)
    return body


def create(cli: Cli, parsed: Parsed, body: "dict[str, Any]") -> str:
    """Make the container; its id. Warnings go to standard error. DaemonError, CliError."""
    with CidFile(parsed.text("cidfile")) as cidfile:
        identifier = _create(cli, parsed, body)
        cidfile.write(identifier)
    return identifier


def _create(cli: Cli, parsed: Parsed, body: "dict[str, Any]") -> str:
    image = body["Image"]
    check_reference(image)
    query = [("name", parsed.text("name"))] if parsed.text("name") else []
    platform = parsed.text("platform") if "platform" in parsed.given else os.environ.get("DOCKER_DEFAULT_PLATFORM")
    query += [("platform", platform)] if platform else []
    pull = parsed.text("pull", "missing")
    if pull == "always":
        _pull(cli, parsed, image)
    try:
        answer = cli.client.call("POST", "/containers/create", query, body)
    except DaemonError as error:
        if error.status != 404 or pull != "missing" or not _may_be_pulled(image, error.message):
            raise
        if not parsed.on("quiet"):
            err(f"Unable to find image '{with_tag(image)}' locally\n")
        _pull(cli, parsed, image)
        answer = cli.client.call("POST", "/containers/create", query, body)
    for warning in answer.get("Warnings") or ():
        err(f"WARNING: {warning}\n")
    identifier: str = answer["Id"]
    return identifier


def check_reference(image: str) -> None:
    """Refuse what can't be an image's name. CliError."""
    if plainly_good(image):
        return
    from boxship.lib.errors import InvalidParameter
    from boxship.model.reference import parse

    if image.startswith("sha256:"):
        return
    try:
        parse(image)
    except InvalidParameter as error:
        if "hexadecimal" not in error.message:
            raise CliError(error.message) from None


def plainly_good(image: str) -> bool:
    """Whether this is a name and perhaps a tag of the usual kind: then the grammar need not be imported.

    False says nothing.
    """
    path, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        path, tag = image, "x"
    if not (tag.isascii() and tag.replace("_", "").replace(".", "").replace("-", "").isalnum() and tag[0].isalnum()):
        return False
    words = path.replace("-", "/").replace("_", "/").replace(".", "/").split("/")
    return len(image) < 128 and all(word and not set(word) - _PLAIN for word in words)


def _may_be_pulled(image: str, refusal: str) -> bool:
    """Whether the image is what is missing, perhaps for this platform only, and is called by a name."""
    if "No such image" not in refusal and "image with reference" not in refusal:
        return False
    from boxship.model.digest import is_digest
    from boxship.model.reference import is_identifier

    return not is_digest(image) and not is_identifier(image)


def with_tag(image: str) -> str:
    """The name as Docker shows it, `latest` where no tag is given."""
    from boxship.model.reference import parse

    return parse(image).with_default_tag().familiar


def _pull(cli: Cli, parsed: Parsed, image: str) -> None:
    from boxship.cli.pull import pull
    from boxship.model.reference import parse

    pull(cli, parsed, parse(image).with_default_tag(), 2)
