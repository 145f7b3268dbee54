"""--env-file, --label-file and seccomp profiles: files that the client reads."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class BadFile(Exception):
    """A file that can't be read or is no such file. The message is Docker's."""


def read(path: str) -> bytes:
    """The content. BadFile."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise BadFile(f"open {path}: {go_error(error)}") from None


def go_error(error: OSError) -> str:
    """The kernel's reason as Go prints it."""
    text = os.strerror(error.errno or 0)
    return text[:1].lower() + text[1:]


def pairs(paths: "Sequence[str]", what: str, *, environment: bool) -> list[str]:
    """The lines NAME=value of files, in order; comments and empty lines left out.

    environment: NAME alone takes the client's value, and is left out where it has none. BadFile.
    """
    found: list[str] = []
    for path in paths:
        data = read(path)
        for number, raw in enumerate(data.splitlines(), 1):
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                line = raw.decode()
            except UnicodeDecodeError:
                raise BadFile(f"invalid {what} ({path}): invalid utf8 bytes at line {number}: {raw!r}") from None
            line = line.lstrip()
            if not line or line.startswith("#"):
                continue
            name, equals, _ = line.partition("=")
            if any(letter.isspace() for letter in name):
                raise BadFile(f"invalid {what} ({path}): variable '{name}' contains whitespaces")
            if not name:
                raise BadFile(f"invalid {what} ({path}): no variable name on line '{line}'")
            if equals or not environment:
                found.append(line)
            elif name in os.environ:
                found.append(f"{name}={os.environ[name]}")
    return found


def security(options: "Sequence[str]") -> tuple[list[str], bool]:
    """--security-opt: seccomp profiles are read and sent whole. BadFile.

    The second value: systempaths=unconfined was asked.
    """
    sent: list[str] = []
    unconfined = False
    for option in options:
        name, _, value = option.partition("=" if "=" in option else ":")
        if name not in ("", "no-new-privileges") and not value:
            raise BadFile(f'Invalid --security-opt: "{option}"')
        if name == "seccomp" and value not in ("unconfined", "builtin"):
            option = f"seccomp={_profile(value)}"
        if option == "systempaths=unconfined":
            unconfined = True
            continue
        sent.append(option)
    return sent, unconfined


def _profile(path: str) -> str:
    from boxship.client.json import compact
    from boxship.lib.plainjson import decode

    try:
        data = read(path)
    except BadFile as error:
        raise BadFile(f"opening seccomp profile ({path}) failed: {error}") from None
    try:
        return compact(decode(data))
    except ValueError as error:
        raise BadFile(f"compacting json for seccomp profile ({path}) failed: {error}") from None
