"""`boxship cp`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE = "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH"
ABOUT = "Copy files or folders out of a container or into one"
ARGS = (2, 2)
COMPLETES = "paths"
FLAGS = (
    Flag("archive", "a", "", "Give what is copied in to the container's user"),
    Flag("follow-link", "L", "", "Copy what a link leads to"),
    Flag("quiet", "q", "", "Show no progress; none is shown without a terminal anyway"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Copy one way. CliError, DaemonError."""
    source, target = parsed.args
    for name, text in (("source", source), ("destination", target)):
        if not text:
            raise CliError(f"{name} can not be empty")
    from boxship.cli.copy.paths import split_argument

    (from_container, source_path), (to_container, target_path) = split_argument(source), split_argument(target)
    quiet = parsed.on("quiet") if "quiet" in parsed.given else not os.isatty(1)
    if from_container and to_container:
        raise CliError("copying between containers is not supported")
    if from_container:
        _copy_out(cli, from_container, source_path, target_path, follow=parsed.on("follow-link"), quiet=quiet)
    elif to_container:
        archive = parsed.on("archive")
        _copy_in(
            cli, source_path, to_container, target_path, follow=parsed.on("follow-link"), archive=archive, quiet=quiet
        )
    else:
        raise CliError("must specify at least one container source")
    return 0


def _copy_out(cli: Cli, container: str, path: str, target: str, *, follow: bool, quiet: bool) -> None:
    from boxship.cli.copy import local, paths
    from boxship.cli.copy.remote import PathStat, look

    if target != "-":
        target = local.absolute(target)
        local.check_output(target)
    rebase = ""
    if follow and (found := look(cli.client, container, path)) is not None and found.link:
        path, rebase = paths.rebased(path, _beside(path, found.target))
    response = cli.client.open("GET", f"/containers/{container}/archive", [("path", path)])
    if target == "-":
        from boxship.cli.output import write

        for piece in response.pieces():
            write(1, piece)
        return
    source = paths.Info(path, exists=True, folder=PathStat(response).folder, rebase=rebase)
    place = local.destination(target)
    folder, first, name = paths.arrange(source, place)
    # The archive names what the engine was asked for; the person may have called it otherwise, or wants it otherwise.
    actual = paths.split_entry(path)[1]
    wanted = paths.Renamer(actual, rebase or actual)
    final = paths.Renamer(first, name)
    from boxship.cli.copy.progress import Progress

    progress = Progress("Copying from container - ", quiet)
    try:
        local.unpack(progress.count(response.pieces()), folder, lambda entry: final(wanted(entry)))
    finally:
        progress.stop()
    progress.done(target)


def _copy_in(cli: Cli, path: str, container: str, target: str, *, follow: bool, archive: bool, quiet: bool) -> None:
    from boxship.cli.copy import local, paths
    from boxship.cli.copy.progress import Progress
    from boxship.cli.copy.remote import look

    if path != "-":
        path = local.absolute(path)
    place = paths.Info(target)
    found = look(cli.client, container, target)
    if found is not None and found.link:
        place.path = _beside(target, found.target)
        found = look(cli.client, container, place.path)
    if found is not None:
        if reason := local.kind_fault(found.device, found.irregular):
            raise CliError(f'destination "{container}:{target}" must be a directory or a regular file: {reason}')
        place.exists, place.folder = True, found.folder
    failures: list[Exception] = []
    progress = Progress("Copying to container - ", quiet)
    if path == "-":
        from boxship.cli.load import pieces

        if not place.folder:
            raise CliError(f'destination "{container}:{target}" must be a directory')
        folder, stream = place.path, pieces(0)
    else:
        source = local.source(path, follow)
        folder, _, name = paths.arrange(source, place)
        stream = progress.count(_whole(local.archive(source, name, failures.append), failures))
    query = [("copyUIDGID", "true")] if archive else []
    query += [("noOverwriteDirNonDir", "true"), ("path", folder)]
    headers = (("Content-Type", "application/x-tar"),)
    try:
        cli.client.open("PUT", f"/containers/{container}/archive", query, headers=headers, stream=stream).read()
    finally:
        progress.stop()
    progress.done(f"{container}:{place.path}")


def _whole(pieces: "Iterator[bytes]", failures: list[Exception]) -> "Iterator[bytes]":
    yield from pieces
    if failures:
        # Before the request's end: a part of an archive is not to be taken for the whole.
        raise CliError(f"cannot read what is to be copied: {failures[0]}")


def _beside(path: str, target: str) -> str:
    """A link's target as a path in the container."""
    if target.startswith("/"):
        return target
    from boxship.cli.copy.paths import clean, split_entry

    return clean(f"{split_entry(path)[0]}/{target}")
