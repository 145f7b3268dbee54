"""The command line: global flags, the verb, and the one place where errors become exit codes."""

import os
import sys

from boxship.cli.commands import GROUPS, VERBS
from boxship.cli.context import Cli, CliError
from boxship.cli.flags import HELP, Flag, FlagError, Parsed, parse
from boxship.cli.output import ReaderGone, err
from boxship.client.errors import DaemonError, Unreachable
from boxship.lib.errors import BoxshipError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] COMMAND [ARG...]"
GLOBAL = (
    Flag("config", "", "string", "Folder of the client's configuration"),
    Flag("context", "c", "string", "Docker context that names the engine"),
    Flag("debug", "D", "", "Say more when something fails"),
    Flag("host", "H", "list", "Engine to talk to: unix:///path or tcp://host:port"),
    Flag("log-level", "l", "string", "Accepted for Docker's sake", hidden=True),
    Flag("tls", "", "", "Speak TLS over tcp://, with whoever answers"),
    Flag("tlscacert", "", "string", "Certificates that sign the engine's", note='"~/.docker/ca.pem"'),
    Flag("tlscert", "", "string", "Our certificate", note='"~/.docker/cert.pem"'),
    Flag("tlskey", "", "string", "Its key", note='"~/.docker/key.pem"'),
    Flag("tlsverify", "", "", "Speak TLS over tcp://, with the engine of --tlscacert only"),
    Flag("version", "v", "", "Print the version and quit"),
)
FLAG_CODE = 125
_TLS_VARIABLES = ("DOCKER_TLS", "DOCKER_TLS_VERIFY")


def main(argv: list[str]) -> int:
    """Run one command; its exit code."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    cli = Cli("docker" if name == "docker" else "boxship")
    try:
        return _dispatch(cli, argv)
    except CliError as error:
        err(f"{error.message}\n" if error.message else "")
        return error.code
    except (DaemonError, BoxshipError) as error:
        err(f"{describe(error)}\n")
        return 1
    except ReaderGone:
        return _die_of(13)


def describe(error: BoxshipError) -> str:
    """One message as people get it. Every message of the engine begins as Docker's do."""
    if isinstance(error, DaemonError):
        return f"Error response from daemon: {error.message}"
    if isinstance(error, Unreachable):
        from boxship.cli.unreachable import advice

        return advice(error)
    return error.message


def _dispatch(cli: Cli, argv: list[str]) -> int:
    try:
        options = parse(argv, GLOBAL, interspersed=False)
        hosts = options.list("host")
        if len(hosts) > 1:
            raise FlagError(f'invalid argument "{hosts[1]}" for "-H, --host" flag: specify only one -H')
    except FlagError as error:
        message = f"{error}\n\nUsage:  {cli.program} {USAGE}\n\nRun '{cli.program} --help' for more information"
        raise CliError(message, FLAG_CODE) from None
    if "config" in options.given:
        os.environ["DOCKER_CONFIG"] = options.text("config")
    if any(name.startswith("tls") for name in options.given) or any(map(os.environ.get, _TLS_VARIABLES)):
        from boxship.cli.tls import files

        cli.tls = files(options)
    cli.host_option = hosts[0] if hosts else None
    cli.context_option = options.text("context") or None
    cli.debug = options.on("debug")
    if options.on("version"):
        from boxship.cli.version import short

        return short(cli)
    words = options.args
    if words[:1] == ["__complete"]:
        from boxship.cli.complete.candidates import run
        from boxship.cli.output import out

        out(run(cli, words[1:]))
        return 0
    if HELP in options.given or not words:
        from boxship.cli.help import overview

        return overview(cli)
    return _verb(cli, words, argv)


def _verb(cli: Cli, words: list[str], argv: list[str]) -> int:
    verb = words[0]
    if verb in VERBS:
        cli.command = verb
        return call(cli, VERBS[verb][0], words[1:])
    if verb in GROUPS:
        sub = GROUPS[verb][1].get(words[1]) if len(words) > 1 else None
        if sub is not None:
            cli.command = f"{verb} {words[1]}"
            return call(cli, sub, words[2:])
    else:
        from boxship.cli.plugins import execute, find

        if plugin := find(cli, verb):
            return execute(cli, plugin, argv)
    from boxship.cli.help import no_verb

    return no_verb(cli, words)


def call(cli: Cli, module: str, argv: list[str]) -> int:
    """Import a verb's module and run it with its arguments."""
    command = load(module)
    try:
        parsed = parse(argv, command.FLAGS, interspersed=getattr(command, "INTERSPERSED", True))
    except FlagError as error:
        from boxship.cli.suggest import with_likely

        message = with_likely(str(error), error.flag, [f"--{flag.name}" for flag in command.FLAGS])
        raise cli.usage_error(message, command.USAGE, FLAG_CODE) from None
    if HELP in parsed.given:
        from boxship.cli.help import show

        return show(cli, command, deprecated=parsed.given[HELP] == "h")
    _count(cli, command, parsed)
    code: int = command.run(cli, parsed)
    return code


def load(module: str) -> "Any":
    """A verb's module."""
    return __import__(f"boxship.cli.{module}", fromlist=("run",))


def _count(cli: Cli, command: "Any", parsed: Parsed) -> None:
    """Docker's words for too few and too many arguments."""
    least, most = command.ARGS
    count = len(parsed.args)
    if least <= count and (most < 0 or count <= most):
        return
    word = "Run"
    if most == 0:
        asked = "accepts no arguments"
    elif most == least:
        asked = f"requires {least} argument{'s' * (least != 1)}"
    elif most < 0:
        asked = f"requires at least {least} argument{'s' * (least != 1)}"
        word = "See"
    else:
        asked = f"requires at least {least} and at most {most} arguments"
        if not least:
            asked = f"requires at most {most} argument{'s' * (most != 1)}"
    raise cli.usage_error(f"{cli.program}: '{cli.called}' {asked}", command.USAGE, word=word)


def _die_of(signal: int) -> int:
    # So that the shell sees what a program sees that leaves these signals alone.
    from boxship.cli.signals import signals

    signals.signal(signal, signals.SIG_DFL)
    os.kill(os.getpid(), signal)
    return 128 + signal
