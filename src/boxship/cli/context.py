"""What every verb gets: the names it was called by, the engine, the person's configuration."""

import os

from boxship.client.client import Client
from boxship.client.errors import Unreachable
from boxship.client.host import Host, TlsFiles, config_folder, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CliError(Exception):
    """The command ends with a message on standard error, as it stands, and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Cli:
    """One call of the program.

    program: "boxship", or "docker" where it was installed by that name. command: the words that named the verb
    ("ps", "container ls"). host_option, context_option: -H and --context. tls: asked for by
    --tlsverify and the like. debug: -D.
    """

    def __init__(self, program: str) -> None:
        self.program = program
        self.command = ""
        self.host_option: str | None = None
        self.context_option: str | None = None
        self.tls: TlsFiles | None = None
        self.debug = False
        self._client: Client | None = None
        self._config: dict[str, Any] | None = None

    @property
    def called(self) -> str:
        """How the person called the verb: "boxship container ls"."""
        return f"{self.program} {self.command}"

    @property
    def config(self) -> "dict[str, Any]":
        """The content of docker's config.json; empty where there is none."""
        if self._config is None:
            self._config = _read_config()
        return self._config

    @property
    def host(self) -> Host:
        """The engine's address. InvalidParameter."""
        return find(self.host_option, self.config, self.context_option, self.tls)

    @property
    def reached(self) -> bool:
        """Whether an engine answered already."""
        return self._client is not None

    @property
    def context_name(self) -> str:
        """The docker context in use; "default" where the host was named, or none was."""
        if self.context_option:
            return self.context_option
        if self.host_option or os.environ.get("BOXSHIP_HOST") or os.environ.get("DOCKER_HOST"):
            return "default"
        return os.environ.get("DOCKER_CONTEXT") or self.config.get("currentContext") or "default"

    @property
    def client(self) -> Client:
        """The engine; started where it is ours to start. Unreachable."""
        if self._client is None:
            client = Client(self.host, os.environ.get("DOCKER_API_VERSION", ""), self._headers())
            if client.host.default:
                try:
                    client.connect()
                except Unreachable as error:
                    from boxship.cli.autostart import start

                    start(client, error)
            self._client = client
        return self._client

    def _headers(self) -> list[tuple[str, str]]:
        from boxship import __version__

        own = self.config.get("HttpHeaders") or {}
        return [*own.items(), ("User-Agent", f"Boxship-Client/{__version__} (linux)")]

    def usage(self, text: str) -> str:
        """How a verb is called; a text of several lines shows several ways."""
        return "\n\t".join([f"{self.called} {line}".rstrip(" ") for line in text.split("\n")])

    def refused(self, message: str, code: int = 125) -> CliError:
        """An error of `run` and `create`, as Docker shows it."""
        return CliError(f"{self.program}: {message}\n\nRun '{self.called} --help' for more information", code)

    def usage_error(self, message: str, usage: str, code: int = 1, word: str = "Run") -> CliError:
        """An error that shows how the verb is called."""
        tail = f"\n\nUsage:  {self.usage(usage)}\n\n{word} '{self.called} --help' for more information"
        return CliError(message + tail, code)


def _read_config() -> "dict[str, Any]":
    path = f"{config_folder()}/config.json"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        data = os.read(fd, 1 << 20)
    finally:
        os.close(fd)
    from boxship.lib.plainjson import decode

    try:
        value = decode(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
