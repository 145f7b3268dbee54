"""`boxship login`."""

import os

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.notes import note
from boxship.cli.output import err, out
from boxship.cli.registry.names import HUB, hostname, key_of

USAGE = "[OPTIONS] [SERVER]"
ABOUT = "Log in to a registry, Docker Hub unless another is named"
ARGS = (0, 1)
FLAGS = (
    Flag("password", "p", "string", "Password or access token (others of this machine can see it)"),
    Flag("password-stdin", "", "", "Read the password or access token from standard input"),
    Flag("username", "u", "string", "User name"),
)
_LONGEST = 1 << 16
_OTHER_ACCOUNT = ("To login with a different account, run 'docker logout' followed by 'docker login'",)


def run(cli: Cli, parsed: Parsed) -> int:
    """Log in, and keep the credentials. CliError, DaemonError."""
    user, password = _given(parsed)
    server = HUB if not parsed.args else key_of(hostname(parsed.args[0]))
    from boxship.cli.registry.credentials import choose_store, load, store

    kept = {} if user or password else load(cli, server)
    whole = kept.get("username") and kept.get("password")
    if not whole or not (token := _with_kept(cli, kept)):
        user, password = ask(server, user or kept.get("username", ""), password, chosen=bool(user))
        kept = {"username": user, "password": password, "serveraddress": server}
        token = _tell(cli, kept)
    if token.get("IdentityToken"):
        kept = {**kept, "password": "", "identitytoken": token["IdentityToken"]}
    choose_store(cli)
    store(cli, server, kept)
    if token.get("Status"):
        out(f"{token['Status']}\n")
    return 0


def _given(parsed: Parsed) -> tuple[str, str]:
    """The user and the password of the command line. CliError in Docker's words."""
    user, password = parsed.text("username"), parsed.text("password")
    if parsed.on("password-stdin"):
        if "password" in parsed.given:
            raise CliError("conflicting options: cannot specify both --password and --password-stdin")
        if not user:
            raise CliError("the --password-stdin option requires --username to be set")
        return user, _read_all().removesuffix("\n").removesuffix("\r")
    if "username" in parsed.given and not user:
        raise CliError("username is empty")
    if "password" in parsed.given:
        if not password:
            raise CliError("password is empty")
        err("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n")
    return user, password


def _with_kept(cli: Cli, kept: dict[str, str]) -> dict[str, str]:
    """Try what is kept already; empty when the registry does not take it."""
    from boxship.client.errors import DaemonError

    shown = f" [Username: {kept['username']}]" if kept.get("username") else ""
    err(f"Authenticating with existing credentials...{shown}\n{note(_OTHER_ACCOUNT, 2)}\n\n")
    try:
        return _tell(cli, kept)
    except DaemonError as error:
        err(f"Login did not succeed, error: Error response from daemon: {error.message}\n")
        return {}


def _tell(cli: Cli, auth: dict[str, str]) -> dict[str, str]:
    answer = cli.client.call("POST", "/auth", body=auth)
    return answer if isinstance(answer, dict) else {}


def ask(server: str, user: str, password: str, *, chosen: bool) -> tuple[str, str]:
    """Ask in the terminal for what is missing. chosen: the user is settled. CliError without a terminal."""
    if user and password:
        return user, password
    if not os.isatty(0):
        raise CliError("Error: Cannot perform an interactive login from a non TTY device")
    if server == HUB and not chosen:
        out(
            "Log in with your Docker ID or email address to push and pull images from Docker Hub.\n"
            "A Personal Access Token (PAT) can take the place of the password: https://app.docker.com/settings\n\n"
        )
    if not chosen:
        default = f" ({user})" if user else ""
        out(f"Username{default}: ")
        user = _line().strip() or user
        if not user:
            raise CliError("Error: Non-null Username Required")
    if not password:
        password = _secret()
        if not password:
            raise CliError("Error: Password Required")
    return user, password


def _secret() -> str:
    """A line of the terminal that it does not show."""
    import termios

    before = termios.tcgetattr(0)
    silent = list(before)
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(0, termios.TCSAFLUSH, silent)
        # Not before: what is typed at the sight of it must not be shown, nor be lost.
        out("Password: ")
        return _line()
    finally:
        termios.tcsetattr(0, termios.TCSAFLUSH, before)
        out("\n")


def _line() -> str:
    data = b""
    while not data.endswith(b"\n") and len(data) < _LONGEST and (piece := os.read(0, 4096)):
        data += piece
    return data.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _read_all() -> str:
    data = b""
    while len(data) < _LONGEST and (piece := os.read(0, 4096)):
        data += piece
    return data.decode("utf-8", "surrogateescape")
