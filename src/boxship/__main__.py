"""`boxship` and `python -m boxship`: the daemon, or the command line.

The command line must start fast, so nothing is imported here but what the one chosen needs.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the program with the arguments after its name; its exit code.

    Without `argv` this is the whole program: the command line then ends the process itself.
    """
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["daemon"]:
        # By its name: the command line's modules know nothing of the daemon's.
        from importlib import import_module

        ended: int = import_module("boxship.app.daemon").main(words[1:])
        return ended
    if words[:1] == ["oci"]:
        # Callers wait for it again and again: by its name, too, but without importlib's package.
        code = __import__("boxship.oci.main", fromlist=("main",)).main(words[1:])
        if argv is None:
            _leave(code)
        return int(code)
    from boxship.cli.main import main as command_line

    if argv is None:
        _alone()
    code = command_line(words)
    if argv is None:
        _leave(code)
    return code


def _alone() -> None:
    """Ctrl-C ends a client as it ends any program, not with a traceback."""
    from boxship.cli.signals import signals

    signals.signal(signals.SIGINT, signals.SIG_DFL)


def _leave(code: int) -> None:
    """Exit. Nothing is buffered, and taking the interpreter apart takes 2 to 3 ms that nobody needs."""
    import os

    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
