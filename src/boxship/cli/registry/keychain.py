"""docker-credential-NAME: programs that keep passwords in a keychain (docker/docker-credential-helpers, "protocol")."""

from boxship.cli.context import CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MISSING = "credentials not found in native keychain"
TOKEN_USER = "<token>"


class HelperFailed(Exception):
    """The helper could not be run, or said no."""


def call(name: str, verb: str, data: str) -> str:
    """Run a helper's verb with `data` as its input; what it printed. HelperFailed."""
    import shutil
    import subprocess

    program = f"docker-credential-{name}"
    if "/" in name or shutil.which(program) is None:
        raise HelperFailed(f'exec: "{program}": executable file not found in $PATH, out: ``')
    done = subprocess.run([program, verb], input=data.encode(), stdout=subprocess.PIPE, check=False)
    printed = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        raise HelperFailed(f"exit status {done.returncode}, out: `{printed}`")
    return printed


def get(name: str, server: str) -> "dict[str, str]":
    """The credentials of a server, empty where the helper has none. CliError."""
    from boxship.lib.plainjson import decode

    try:
        value: Any = decode(call(name, "get", server))
    except HelperFailed as error:
        if MISSING in str(error):
            return {}
        raise CliError(f"error getting credentials - err: {error}") from None
    except ValueError:
        raise CliError(f"error getting credentials - docker-credential-{name} printed no JSON") from None
    user, secret = str(value.get("Username") or ""), str(value.get("Secret") or "")
    if user == TOKEN_USER:
        return {"identitytoken": secret, "serveraddress": server}
    return {"username": user, "password": secret, "serveraddress": server}


def store(name: str, server: str, auth: "dict[str, str]") -> None:
    """Keep credentials. CliError."""
    from boxship.client.json import encode

    token = auth.get("identitytoken")
    user, secret = (TOKEN_USER, token) if token else (auth.get("username", ""), auth.get("password", ""))
    try:
        call(name, "store", encode({"ServerURL": server, "Username": user, "Secret": secret}))
    except HelperFailed as error:
        raise CliError(f"Error saving credentials: error storing credentials - err: {error}") from None


def erase(name: str, server: str) -> str:
    """Forget credentials; why not, "" when it is done."""
    try:
        call(name, "erase", server)
    except HelperFailed as error:
        return f"error erasing credentials - err: {error}"
    return ""
