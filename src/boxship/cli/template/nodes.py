"""What a template is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class TemplateError(Exception):
    """The template can't be read, or can't be executed with these values. The message is Go's."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, boolean or nil. source: as it was written."""

    value: Any
    source: str
    at: int

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Dot:
    """The cursor."""

    at: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Fields:
    """`.A.B` of the cursor."""

    names: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.A.B`. name: with its dollar sign."""

    name: str
    names: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return self.name + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name."""

    name: str
    at: int

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of a pipeline in parentheses: `(f x).A`."""

    of: Pipeline
    names: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return f"({self.of})" + "".join(f".{name}" for name in self.names)


Operand = Literal | Dot | Fields | Variable | Function | Chain


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with its arguments."""

    operands: tuple[Operand, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.operands))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each one's value the last argument of the next. declares: variables that take the value."""

    commands: tuple[Command, ...]
    declares: tuple[str, ...]
    assigns: bool
    at: int

    def __str__(self) -> str:
        head = f"{', '.join(self.declares)} {'=' if self.assigns else ':='} " if self.declares else ""
        return head + " | ".join(map(str, self.commands))


@dataclass(frozen=True, slots=True)
class Action:
    """`{{pipeline}}`: prints its value, unless it declares a variable."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`. kind names which."""

    kind: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """`break` or `continue`. kind names which."""

    kind: str


Node = Text | Action | Branch | Leave
