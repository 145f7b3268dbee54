"""docker's plugins (compose, buildx): programs docker-NAME that answer a command of that name.

Known folders and the way they are called are Docker's (docker/cli, cli-plugins). Imported only for a command that is
not one of ours.
"""

import os

from boxship.cli.context import Cli
from boxship.client.host import config_folder

_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


_PREFIX = "docker-"


def find(cli: Cli, name: str) -> str:
    """The plugin for a command, "" for none."""
    if not _is_name(name):
        return ""
    paths = (f"{folder}/{_PREFIX}{name}" for folder in _folders(cli))
    return next((path for path in paths if os.access(path, os.X_OK) and os.path.isfile(path)), "")


def descriptions(cli: Cli) -> dict[str, str]:
    """Each plugin's name and what it says of itself; those that say nothing are none."""
    import json
    import subprocess

    names = set()
    for folder in filter(os.path.isdir, _folders(cli)):
        names |= {file.removeprefix(_PREFIX) for file in os.listdir(folder) if file.startswith(_PREFIX)}
    found = {}
    for name in sorted(names):
        try:
            said = subprocess.run([find(cli, name), "docker-cli-plugin-metadata"], capture_output=True, check=True)
            found[name] = str(json.loads(said.stdout)["ShortDescription"])
        except (OSError, ValueError, KeyError, TypeError, subprocess.CalledProcessError):
            # No plugin, whatever its name says.
            continue
    return found


def _is_name(name: str) -> bool:
    return name.replace("-", "").isalnum() and name == name.lower() and name[0] != "-"


def _folders(cli: Cli) -> list[str]:
    extra = cli.config.get("cliPluginsExtraDirs")
    return [f"{config_folder()}/cli-plugins", *(extra if isinstance(extra, list) else ()), *_FOLDERS]


def execute(cli: Cli, path: str, argv: list[str]) -> int:
    """Become the plugin. argv: all arguments of ours, the global flags, too: it reads them itself. OSError.

    It is told where our engine is, unless a flag or a context says it anyway: docker's default is another one.
    """
    environment = dict(os.environ)
    if cli.host_option is None and cli.context_option is None:
        host = cli.host
        if host.default:
            # Started by us if need be: the plugin would not.
            _ = cli.client
            environment["DOCKER_HOST"] = host.url
        elif "BOXSHIP_HOST" in environment:
            environment["DOCKER_HOST"] = environment["BOXSHIP_HOST"]
    # What the plugin calls itself in its help.
    environment["DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"] = cli.program
    os.execve(path, [path, *argv], environment)
