"""`boxship completion`: print a shell's completion script."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Parsed
from boxship.cli.output import out

USAGE = "bash|zsh|fish"
ABOUT = "Print the completion script of a shell"
ARGS = (1, 1)
FLAGS = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Print it. CliError for a shell that there is none for."""
    from boxship.cli.complete.scripts import SCRIPTS, script

    shell = parsed.args[0]
    if shell not in SCRIPTS:
        raise CliError(f"no completion for {shell}: there is one for {', '.join(sorted(SCRIPTS))}")
    out(script(shell, cli.program))
    return 0
