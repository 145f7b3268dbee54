"""Command line flags as Docker's users write them (the rules of Go's pflag).

`--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, clusters of one-letter flags (`-itd`), `--` ends the
flags. A flag without a value is a boolean; `--flag=false` unsets it. After `run IMAGE` and `exec CONTAINER` everything
belongs to the command (interspersed=False).

A command's table is a tuple of Flag. Pure: nothing is read but the arguments.
"""

from boxship.cli import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    # A converter takes the text and gives the value; ValueError says why not.
    Convert = Callable[[str], Any]


class FlagError(Exception):
    """The arguments don't fit the table. flag: the unknown flag's name, to look for one that was meant."""

    def __init__(self, message: str, flag: str = "") -> None:
        super().__init__(message)
        self.flag = flag


class Flag:
    """One flag.

    kind: what help shows ("string", "list", "bytes", …; "" is a boolean) and, unless `convert` is given, how the
    text is read. many: "" for one value (the last wins), "list" gathers, "map" gathers pairs. note: the default, as
    help shows it. hidden: accepted, not shown.
    """

    __slots__ = ("convert", "help", "hidden", "kind", "many", "name", "note", "short")

    def __init__(
        self,
        name: str,
        short: str,
        kind: str,
        help: str,
        convert: "Convert | None" = None,
        *,
        many: str = "",
        note: str = "",
        hidden: bool = False,
    ) -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
        self.convert = convert or values.CONVERT[kind]
        self.many = many or ("list" if kind in ("list", "filter") else "map" if kind == "map" else "")
        self.note = note
        self.hidden = hidden

    @property
    def shown(self) -> str:
        """How messages name it: `-m, --memory` or `--name`."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Parsed:
    """The flags that were given, by name, and the other arguments."""

    __slots__ = ("args", "given")

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.args: list[str] = []

    def on(self, name: str) -> bool:
        """Whether a boolean was set."""
        return self.given.get(name) is True

    def text(self, name: str, default: str = "") -> str:
        """A flag's text."""
        value = self.given.get(name, default)
        return value if isinstance(value, str) else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """A flag's number."""
        value: int = self.given.get(name, default)
        return value

    def list(self, name: str) -> "list[Any]":
        """Every value of a repeated flag, in order."""
        value: list[Any] = self.given.get(name, [])
        return value

    def map(self, name: str) -> "dict[str, str]":
        """The pairs of a repeated flag."""
        value: dict[str, str] = self.given.get(name, {})
        return value


HELP = "help"


def parse(argv: "Sequence[str]", table: "Sequence[Flag]", *, interspersed: bool = True) -> Parsed:
    """Read the arguments of one command. FlagError. `--help` is in every table: see `Parsed.on(HELP)`."""
    parsed = Parsed()
    at = 0
    while at < len(argv):
        word = argv[at]
        at += 1
        if word == "--":
            parsed.args += argv[at:]
            break
        if len(word) < 2 or word[0] != "-":
            parsed.args.append(word)
            if interspersed:
                continue
            parsed.args += argv[at:]
            break
        at = _long(word, argv, at, table, parsed) if word[1] == "-" else _short(word, argv, at, table, parsed)
        if HELP in parsed.given:
            break
    return parsed


def _long(word: str, argv: "Sequence[str]", at: int, table: "Sequence[Flag]", parsed: Parsed) -> int:
    name, equals, value = word[2:].partition("=")
    if not name or name[0] == "-":
        raise FlagError(f"bad flag syntax: {word}")
    for flag in table:
        if flag.name == name:
            break
    else:
        if name == HELP:
            parsed.given[HELP] = True
            return at
        raise FlagError(f"unknown flag: --{name}", f"--{name}")
    if equals:
        _set(flag, value, parsed)
    elif not flag.kind:
        _set(flag, "true", parsed)
    elif at < len(argv):
        _set(flag, argv[at], parsed)
        at += 1
    else:
        raise FlagError(f"flag needs an argument: --{name}")
    return at


def _short(word: str, argv: "Sequence[str]", at: int, table: "Sequence[Flag]", parsed: Parsed) -> int:
    letters = word[1:]
    while letters:
        letter = letters[0]
        for flag in table:
            if flag.short == letter:
                break
        else:
            if letter == "h":
                parsed.given[HELP] = "h"
                return at
            raise FlagError(f"unknown shorthand flag: {values.quote_rune(letter)} in -{letters}")
        rest = letters[1:]
        if len(letters) > 2 and letters[1] == "=":
            _set(flag, letters[2:], parsed)
            return at
        if not flag.kind:
            _set(flag, "true", parsed)
            letters = rest
            continue
        if rest:
            _set(flag, rest, parsed)
        elif at < len(argv):
            _set(flag, argv[at], parsed)
            at += 1
        else:
            raise FlagError(f"flag needs an argument: {values.quote_rune(letter)} in -{letters}")
        return at
    return at


def _set(flag: Flag, text: str, parsed: Parsed) -> None:
    try:
        value = flag.convert(text)
    except ValueError as error:
        raise FlagError(f'invalid argument {values.quote(text)} for "{flag.shown}" flag: {error}') from None
    if flag.many == "map":
        key, pair = value
        parsed.given.setdefault(flag.name, {})[key] = pair
    elif flag.many == "list":
        kept = parsed.given.setdefault(flag.name, [])
        if isinstance(value, list):
            kept += value
        else:
            kept.append(value)
    else:
        parsed.given[flag.name] = value
