"""A template with values put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from boxship.cli.template.functions import FUNCTIONS, SPECIAL
from boxship.cli.template.nodes import (
    Action,
    Branch,
    Chain,
    Command,
    Dot,
    Fields,
    Function,
    Leave,
    Literal,
    Node,
    Operand,
    Pipeline,
    TemplateError,
    Text,
    Variable,
)
from boxship.cli.template.parse import Template
from boxship.cli.template.printing import NO_VALUE, Absent, kind_of, print_value, true


class FieldError(Exception):
    """A value has no such field. The message is Go's."""


# How a value's fields are found: value, the field's name, and what stands after it, for fields that are methods.
# FieldError where there is no such field.
Lookup = Callable[[Any, str, Sequence[Any]], Any]


class _Leaves(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


_NOTHING = object()


def execute(template: Template, value: Any, lookup: Lookup) -> str:
    """The text that a template gives for a value. TemplateError, in Go's words."""
    run = _Run(template.source, value, lookup)
    run.walk(template.nodes, value)
    return "".join(run.pieces)


class _Run:
    def __init__(self, source: str, value: Any, lookup: Lookup) -> None:
        self.source = source
        self.lookup = lookup
        self.pieces: list[str] = []
        self.variables: list[list[Any]] = [["$", value]]

    def _failure(self, at: int, context: object, message: str) -> TemplateError:
        line = self.source.count("\n", 0, at) + 1
        column = len(self.source[self.source.rfind("\n", 0, at) + 1 : at].encode())
        return TemplateError(f'template: :{line}:{column}: executing "" at <{context}>: {message}')

    def walk(self, nodes: Sequence[Node], dot: Any) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self.pieces.append(node.text)
            elif isinstance(node, Action):
                value = self._pipeline(node.pipeline, dot)
                if not node.pipeline.declares:
                    self.pieces.append(print_value(value))
            elif isinstance(node, Branch):
                self._branch(node, dot)
            elif isinstance(node, Leave):
                raise _Leaves(node.kind)

    def _branch(self, node: Branch, dot: Any) -> None:
        scope = len(self.variables)
        value = self._pipeline(node.pipeline, dot, ranges=node.kind == "range")
        if node.kind == "range":
            self._range(node, dot, value)
        elif true(value):
            self.walk(node.body, value if node.kind == "with" else dot)
        else:
            self.walk(node.otherwise, dot)
        del self.variables[scope:]

    def _range(self, node: Branch, dot: Any, value: Any) -> None:
        items = self._items(node.pipeline, value)
        if not items:
            self.walk(node.otherwise, dot)
            return
        scope = len(self.variables)
        names = node.pipeline.declares
        for key, item in items:
            taken = (item,) if len(names) == 1 else (key, item)
            for name, one in zip(names, taken, strict=False):
                if node.pipeline.assigns:
                    self._assign(name, one)
                else:
                    self.variables.append([name, one])
            try:
                self.walk(node.body, item)
            except _Leaves as leaves:
                if leaves.kind == "break":
                    break
            finally:
                del self.variables[scope:]

    def _items(self, pipeline: Pipeline, value: Any) -> list[tuple[Any, Any]]:
        if value is None or value is NO_VALUE or isinstance(value, Absent):
            return []
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, dict):
            return [(key, value[key]) for key in sorted(value)]
        if isinstance(value, int) and not isinstance(value, bool):
            return [(number, number) for number in range(value)]
        raise self._failure(pipeline.at, pipeline, f"range can't iterate over {print_value(value)}")

    def _assign(self, name: str, value: Any) -> None:
        for variable in reversed(self.variables):
            if variable[0] == name:
                variable[1] = value
                return

    def _pipeline(self, pipeline: Pipeline, dot: Any, *, ranges: bool = False) -> Any:
        value: Any = _NOTHING
        for command in pipeline.commands:
            value = self._command(command, dot, value)
        if not ranges:
            for name in pipeline.declares:
                if pipeline.assigns:
                    self._assign(name, value)
                else:
                    self.variables.append([name, value])
        return value

    def _command(self, command: Command, dot: Any, final: Any) -> Any:
        first, *rest = command.operands
        if isinstance(first, Function):
            return self._call(command, first, rest, dot, final)
        if isinstance(first, (Fields, Variable, Chain)) and (rest or final is not _NOTHING):
            args = [self._operand(operand, dot) for operand in rest]
            return self._operand(first, dot, args if final is _NOTHING else [*args, final])
        if rest or final is not _NOTHING:
            raise self._failure(first.at, first, f"can't give argument to non-function {first}")
        if isinstance(first, Literal) and first.source == "nil":
            raise self._failure(first.at, first, "nil is not a command")
        return self._operand(first, dot)

    def _operand(self, operand: Operand, dot: Any, args: Sequence[Any] = ()) -> Any:
        if isinstance(operand, Literal):
            return operand.value
        if isinstance(operand, Dot):
            return dot
        if isinstance(operand, Fields):
            return self._fields(operand, dot, operand.names, args)
        if isinstance(operand, Variable):
            value = next(pair[1] for pair in reversed(self.variables) if pair[0] == operand.name)
            return self._fields(operand, value, operand.names, args)
        if isinstance(operand, Chain):
            scope = len(self.variables)
            value = self._pipeline(operand.of, dot)
            del self.variables[scope:]
            return self._fields(operand, value, operand.names, args)
        return self._call(Command((operand,)), operand, (), dot, _NOTHING)

    def _fields(self, operand: Operand, value: Any, names: Sequence[str], args: Sequence[Any]) -> Any:
        for at, name in enumerate(names):
            try:
                value = self.lookup(value, name, args if at == len(names) - 1 else ())
            except FieldError as error:
                raise self._failure(operand.at, operand, str(error)) from None
        if args and not names:
            raise self._failure(operand.at, operand, f"can't give argument to non-function {operand}")
        return value

    def _call(self, command: Command, function: Function, rest: Sequence[Operand], dot: Any, final: Any) -> Any:
        if function.name in SPECIAL:
            return self._special(function, rest, dot, final)
        args = [self._operand(operand, dot) for operand in rest]
        if final is not _NOTHING:
            args.append(final)
        call, least, most = FUNCTIONS[function.name]
        if len(args) < least or (0 <= most < len(args)):
            wanted = f"at least {least}" if most < 0 else str(least)
            message = f"wrong number of args for {function.name}: want {wanted} got {len(args)}"
            raise self._failure(function.at, function, message)
        try:
            return call(args)
        except ValueError as error:
            raise self._failure(function.at, command, f"error calling {function.name}: {error}") from None

    def _special(self, function: Function, rest: Sequence[Operand], dot: Any, final: Any) -> Any:
        if function.name == "call":
            self._no_function(function, rest, dot)
        value: Any = _NOTHING
        for operand in rest:
            value = self._operand(operand, dot)
            if true(value) == (function.name == "or"):
                return value
        if final is not _NOTHING:
            return final
        if value is _NOTHING:
            message = f"wrong number of args for {function.name}: want at least 1 got 0"
            raise self._failure(function.at, function, message)
        return value

    def _no_function(self, function: Function, rest: Sequence[Operand], dot: Any) -> None:
        """`call`: no value of ours is a function."""
        if not rest:
            raise self._failure(function.at, function, "wrong number of args for call: want at least 1 got 0")
        kind = kind_of(self._operand(rest[0], dot))
        command = Command((function, *rest))
        message = f"error calling call: non-function {rest[0]} of type {kind}"
        raise self._failure(function.at, command, message)
