"""What `run`, `start -a`, `attach` and `exec` share: the terminal, its size, signals passed on, the exit code."""

import os
from _thread import start_new_thread

from boxship.cli import terminal
from boxship.cli.context import Cli, CliError
from boxship.cli.output import err
from boxship.cli.signals import signals
from boxship.cli.streams import Streams
from boxship.client.errors import DaemonError, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.client.client import Hijacked
    from boxship.http.client import Response

# All that a program may catch and that says something to a container's process.
_PASSED = (
    "HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM", "CONT", "TSTP", "TTIN", "TTOU",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS", "TRAP", "ABRT",
)  # fmt: skip
_RESIZE_TRIES = 10


def check_terminal(attach_stdin: bool, tty: bool) -> None:
    """Refuse a container's terminal where our input is none. CliError."""
    if tty and attach_stdin and not os.isatty(0):
        message = "the input device is not a TTY"
        if os.environ.get("MSYSTEM"):
            message += ".  If you are using mintty, try prefixing the command with 'winpty'"
        raise CliError(message)


def detach_keys(cli: Cli, option: str) -> tuple[str, bytes]:
    """The sequence as the engine is told it ("" for the usual one), and its bytes. CliError."""
    from boxship.cli import keys

    text = option or cli.config.get("detachKeys") or ""
    try:
        return text, keys.parse(text) if text else keys.DEFAULT
    except ValueError as error:
        raise CliError(f"invalid detach keys ({text}): {error}" if option else str(error)) from None


def proxy_signals(cli: Cli, identifier: str) -> None:
    """From now on, pass the signals that we get on to a container."""

    def pass_on(number: int, _frame: "Any") -> None:
        try:
            cli.client.again().call("POST", f"/containers/{identifier}/kill", [("signal", names[number])])
        except (DaemonError, Unreachable):
            pass  # it ended, or does not run yet

    names: dict[int, str] = {}
    for name in _PASSED:
        number = getattr(signals, f"SIG{name}", None)
        if number is not None:
            names[int(number)] = name
            signals.signal(number, pass_on)


def follow_size(cli: Cli, path: str, *, redraw: bool = False) -> None:
    """Tell the engine the terminal's size now, and whenever it changes. path: of the resize request.

    redraw: make a program that runs already draw itself anew, by a change of size that it must see.
    """

    def tell(_number: int = 0, _frame: "Any" = None, more: int = 0) -> bool:
        height, width = terminal.size(1)
        if not height and not width:
            return True
        size = [("h", str(height + more)), ("w", str(width + more))]
        try:
            cli.client.again().call("POST", path, size)
        except (DaemonError, Unreachable):
            return False
        return True

    def insist() -> None:
        import time

        signals.pthread_sigmask(signals.SIG_BLOCK, signals.valid_signals())
        for attempt in range(_RESIZE_TRIES):
            time.sleep(0.01 * (attempt + 1))
            if tell():
                return
        err("failed to resize tty, using default size\n")

    if redraw:
        tell(more=1)
    if not tell():
        # The process may not be there yet: beside the streams, which must not wait.
        start_new_thread(insist, ())
    signals.signal(signals.SIGWINCH, tell)


def converse(hijacked: "Hijacked", *, stdin: bool, tty: bool, keys: bytes = b"") -> bool:
    """Copy the streams until they end; False when the detach keys were typed."""
    streams = Streams(hijacked, stdin=stdin, keys=keys if tty else b"")
    if not tty or not stdin:
        streams.run()
        return True
    with terminal.Raw(0) as raw:
        _restore_on_death(raw)
        streams.run()
    return not streams.detached


def _restore_on_death(raw: terminal.Raw) -> None:
    """A terminal must not stay raw when we are told to end."""

    def end(number: int, _frame: "Any") -> None:
        raw.restore()
        signals.signal(number, signals.SIG_DFL)
        os.kill(os.getpid(), number)

    for number in (signals.SIGTERM, signals.SIGHUP, signals.SIGINT, signals.SIGQUIT):
        signals.signal(number, end)


def exit_code(cli: Cli, waiting: "Response") -> int:
    """The exit code that a /wait request gives. CliError where the engine could not wait."""
    from boxship.client.json import decode_stream

    # The answer is whole before its stream has ended.
    answer = next(decode_stream(waiting.pieces()), None)
    if answer is None:
        raise CliError("Error waiting for container: the engine ended the answer before it gave one", 125)
    error = answer.get("Error")
    if error and error.get("Message"):
        raise CliError(f"Error waiting for container: {error['Message']}", 125)
    code: int = answer["StatusCode"]
    return code
