"""A person's --format of a listing: `json`, `table TEMPLATE` or a template. Imported only when one is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from boxship.cli.context import CliError
from boxship.cli.listing.row import Row
from boxship.cli.output import align
from boxship.cli.template.execute import FieldError, execute
from boxship.cli.template.nodes import TemplateError
from boxship.cli.template.parse import Template, parse
from boxship.client.json import marshal

JSON = "json"


def read(text: str, prefix: str = "template parsing error") -> Template:
    """A template from the command line, where \\t and \\n stand for what they do. CliError."""
    try:
        return parse(text.replace("\\t", "\t").replace("\\n", "\n"))
    except TemplateError as error:
        raise CliError(f"{prefix}: {error}") from None


def check(text: str, row: Row, seen: set[str]) -> None:
    """Docker's ps tries the template before it asks the engine. seen: gets the fields that it uses. CliError."""
    try:
        template = parse(text)
    except TemplateError as error:
        raise CliError(f"failed to parse template: {error}") from None
    if text == JSON:
        return
    row.seen = seen

    try:
        execute(template, row, lookup)
    except TemplateError as error:
        raise CliError(f"failed to execute template: {error}") from None


def render(text: str, rows: Iterable[Row], kind: type[Row]) -> str:
    """The rows in the format. CliError."""
    if text == JSON:
        return "".join([f"{marshal(row.as_json)}\n" for row in rows])
    table = text.startswith("table ")
    source = text.removeprefix("table").strip(" ") if table else text.strip(" ")
    template = read(source)
    try:
        lines = [execute(template, row, lookup) for row in rows]
        if table:
            heading = execute(_bare(template), kind.FIELDS, _heading)
            return align("".join([f"{line}\n" for line in (heading, *lines)]))
    except TemplateError as error:
        raise CliError(f"template parsing error: {error}") from None
    return "".join([f"{line}\n" for line in lines])


def lookup(value: Any, name: str, args: Sequence[Any]) -> Any:
    """The fields of rows."""
    if not isinstance(value, Row):
        raise FieldError(f"can't evaluate field {name} in type {type_name(value)}")
    if name in value.METHODS:
        if len(args) != 1:
            raise FieldError(f"wrong number of args for {name}: want 1 got {len(args)}")
        return getattr(value, f"call_{name}")(args[0])
    if name not in value.FIELDS:
        raise FieldError(f"can't evaluate field {name} in type {value.TYPE}")
    if args:
        raise FieldError(f"wrong number of args for {name}: want 0 got {len(args)}")
    return value.field(name)


def type_name(value: Any) -> str:
    """The Go type of a column's value."""
    return "string" if isinstance(value, str) else "interface {}"


def _heading(headings: Any, name: str, args: Sequence[Any]) -> Any:
    if args:  # .Label "com.example.my-key" is headed "my key"
        return str(args[0]).rpartition(".")[2].replace("-", " ").replace("_", " ")
    return headings.get(name, name)


def _bare(template: Template) -> Template:
    """The template without its functions: headings are not to be quoted, cut or changed."""
    from boxship.cli.template.nodes import Action, Command, Fields, Function, Literal, Node, Pipeline

    def plain(node: Node) -> Node:
        if not isinstance(node, Action):
            return node
        operands = [operand for command in node.pipeline.commands for operand in command.operands]
        fields = [operand for operand in operands if isinstance(operand, Fields)]
        if not any(isinstance(operand, Function) for operand in operands) or not fields:
            return node
        named = (
            [operand for operand in operands if isinstance(operand, Literal)] if fields[0].names == ("Label",) else []
        )
        command = Command((fields[0], *named[:1]))
        return Action(Pipeline((command,), (), False, node.pipeline.at))

    return Template(template.source, tuple(plain(node) for node in template.nodes))
