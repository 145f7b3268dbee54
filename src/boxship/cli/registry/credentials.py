"""What is kept for a registry: in a helper's keychain where one is configured, else in config.json."""

from boxship.cli.context import Cli, CliError
from boxship.cli.output import err
from boxship.cli.registry.names import hostname, key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOBODY = "e30="
"""X-Registry-Auth for nobody: {}."""


def header(cli: Cli, domain: str) -> tuple[str, str]:
    """X-Registry-Auth for the registry of a reference. CliError."""
    auth = load(cli, key_of(domain))
    if not auth:
        return "X-Registry-Auth", NOBODY
    from binascii import b2a_base64

    from boxship.client.json import encode

    text = b2a_base64(encode(auth).encode(), newline=False).decode()
    return "X-Registry-Auth", text.replace("+", "-").replace("/", "_")


def load(cli: Cli, server: str) -> "dict[str, str]":
    """What is kept for a server, as the API's AuthConfig; empty for nothing. server: a key of config.json. CliError."""
    helper = helper_for(cli, server)
    if helper:
        from boxship.cli.registry.keychain import get

        return get(helper, server)
    auths: dict[str, Any] = cli.config.get("auths") or {}
    entry = auths.get(server)
    if entry is None:
        # Older clients kept whole URLs.
        entry = next((value for key, value in auths.items() if hostname(key) == hostname(server)), None)
    return _decoded(entry, server) if isinstance(entry, dict) else {}


def store(cli: Cli, server: str, auth: "dict[str, str]") -> None:
    """Keep credentials; a password that lies open in a file is warned of. CliError."""
    from boxship.cli.registry.config_file import change, path

    auths: dict[str, Any] = dict(cli.config.get("auths") or {})
    helper = helper_for(cli, server)
    if helper:
        from boxship.cli.registry.keychain import store as keep

        keep(helper, server, auth)
        change(cli, "auths", _sorted({**auths, server: {}}))
        return
    from binascii import b2a_base64

    plain = f"{auth.get('username', '')}:{auth.get('password', '')}"
    entry = {"auth": b2a_base64(plain.encode("utf-8", "surrogateescape"), newline=False).decode()}
    if auth.get("identitytoken"):
        entry["identitytoken"] = auth["identitytoken"]
    if auths.get(server) == entry:
        return
    change(cli, "auths", _sorted({**auths, server: entry}))
    if auth.get("password"):
        err(
            f"\nWARNING! Your credentials are stored unencrypted in '{path()}'.\n"
            "Configure a credential helper to remove this warning. See\n"
            "https://docs.docker.com/go/credential-store/\n\n"
        )


def erase(cli: Cli, server: str) -> list[str]:
    """Forget what is kept for a server, by all names it may have; what went wrong. CliError."""
    from boxship.cli.registry.config_file import change

    failures = []
    helper = helper_for(cli, server)
    if helper:
        from boxship.cli.registry.keychain import erase as forget

        host = hostname(server)
        names = [server] if server != host else [server, f"http://{host}", f"https://{host}"]
        failures = [failure for failure in [forget(helper, name) for name in names] if failure]
    auths = cli.config.get("auths") or {}
    kept = {key: value for key, value in auths.items() if key != server and hostname(key) != hostname(server)}
    if kept != auths:
        change(cli, "auths", _sorted(kept))
    return failures


def helper_for(cli: Cli, server: str) -> str:
    """The helper that keeps a server's credentials, "" for the file."""
    named = (cli.config.get("credHelpers") or {}).get(server) or cli.config.get("credsStore")
    return named if isinstance(named, str) else ""


def choose_store(cli: Cli) -> None:
    """At the first login of all: a keychain of this machine, where there is one, rather than the file."""
    if any(cli.config.get(key) for key in ("auths", "credHelpers", "credsStore")):
        return
    import shutil

    name = "pass" if shutil.which("pass") else "secretservice"
    if shutil.which(f"docker-credential-{name}"):
        from boxship.cli.registry.config_file import change

        change(cli, "credsStore", name)


def _sorted(auths: "dict[str, Any]") -> "dict[str, Any]":
    """As Docker's clients write a table: a change by one tool is a change of one entry."""
    return {key: auths[key] for key in sorted(auths)}


def _decoded(entry: "dict[str, Any]", server: str) -> "dict[str, str]":
    from binascii import Error, a2b_base64

    auth = {
        key: str(entry[key]) for key in ("username", "password", "identitytoken", "registrytoken") if entry.get(key)
    }
    if entry.get("auth"):
        try:
            plain = a2b_base64(str(entry["auth"])).decode("utf-8", "surrogateescape")
        except (Error, ValueError):
            from boxship.cli.registry.config_file import path

            raise CliError(f"{path()}: the auth of {server} is not base64") from None
        user, _, password = plain.partition(":")
        auth |= {"username": user, "password": password.rstrip("\0")}
    return {**auth, "serveraddress": server} if auth else {}
