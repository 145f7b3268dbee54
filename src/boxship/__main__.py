"""`boxship` and `python -m boxship`: the daemon, or the command line.

The command line must start fast, so nothing is imported here but what the one chosen needs.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the program with the arguments after its name; its exit code."""
    whole = argv is None
    if argv is None:
        argv = sys.argv[1:]
    if argv[:1] == ["daemon"]:
        # By its name: the command line's modules know nothing of the daemon's.
        from importlib import import_module

        code: int = import_module("boxship.app.daemon").main(argv[1:])
        return code
    from boxship.cli.main import main as command_line

    if not whole:
        return command_line(argv)
    import os

    from boxship.cli.signals import signals

    # Ctrl-C ends a client as it ends any program, not with a traceback.
    signals.signal(signals.SIGINT, signals.SIG_DFL)
    # Nothing is buffered here, and taking the interpreter apart takes 2 to 3 ms that nobody needs.
    os._exit(command_line(argv))


if __name__ == "__main__":
    sys.exit(main())
