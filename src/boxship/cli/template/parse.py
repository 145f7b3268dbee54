"""Tokens as a tree."""

from __future__ import annotations

from boxship.cli.template.functions import NAMES
from boxship.cli.template.lex import Token, failure, lex, unquote
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
from boxship.cli.values import quote

_BRANCHES = ("if", "with", "range")
_LITERALS = {"true": True, "false": False, "nil": None}
_UNSUPPORTED = ("template", "define", "block")


class Template:
    """A template that was read. source: its text."""

    def __init__(self, source: str, nodes: tuple[Node, ...]) -> None:
        self.source = source
        self.nodes = nodes


def parse(source: str) -> Template:
    """Read a template. TemplateError, in Go's words."""
    return Template(source, _Parser(source).whole())


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = lex(source)
        self.position = 0
        self.variables = ["$"]
        self.loops = 0

    def whole(self) -> tuple[Node, ...]:
        nodes, end = self._list()
        if end != "end of file":
            raise self._failure(self._token(), f"unexpected {{{{{end}}}}}")
        return nodes

    # Tokens

    def _token(self) -> Token:
        return self.tokens[self.position]

    def _next(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _skip(self) -> Token:
        """The next token that is no blank, not taken."""
        while self._token().kind == "space":
            self.position += 1
        return self._token()

    def _failure(self, token: Token, message: str) -> TemplateError:
        return failure(self.source, token.at, message)

    # Nodes

    def _list(self) -> tuple[tuple[Node, ...], str]:
        """Nodes up to `end`, `else` or the end of the template; which it was."""
        nodes: list[Node] = []
        while True:
            token = self._token()
            if token.kind == "end":
                return tuple(nodes), "end of file"
            self._next()
            if token.kind == "text":
                nodes.append(Text(token.text))
                continue
            word = self._skip()
            if word.kind == "word" and word.text in ("end", "else"):
                self._next()
                if word.text == "end":
                    self._close("end")
                return tuple(nodes), word.text
            nodes.append(self._action(word))

    def _action(self, word: Token) -> Node:
        if word.kind == "word":
            if word.text in _BRANCHES:
                self._next()
                return self._branch(word.text)
            if word.text in ("break", "continue"):
                if not self.loops:
                    raise self._failure(word, f"{{{{{word.text}}}}} outside {{{{range}}}}")
                self._next()
                self._close(word.text)
                return Leave(word.text)
            if word.text in _UNSUPPORTED:
                raise self._failure(word, f"{word.text} is not supported in --format")
        return Action(self._pipeline("command", "right"))

    def _close(self, context: str) -> None:
        token = self._skip()
        if token.kind != "right":
            raise self._unexpected(token, context)
        self._next()

    def _branch(self, kind: str) -> Branch:
        scope = len(self.variables)
        pipeline = self._pipeline(kind, "right")
        self.loops += kind == "range"
        body, end = self._list()
        self.loops -= kind == "range"
        otherwise: tuple[Node, ...] = ()
        if end == "else":
            following = self._skip()
            if following.kind == "word" and following.text in ("if", "with") and kind == following.text:
                self._next()
                otherwise = (self._branch(kind),)
                end = "end"
            else:
                self._close("else")
                otherwise, end = self._list()
                if end == "else":
                    raise self._failure(self._token(), "expected end; found {{else}}")
        if end != "end":
            raise self._failure(self._token(), "unexpected EOF")
        del self.variables[scope:]
        return Branch(kind, pipeline, body, otherwise)

    def _pipeline(self, context: str, ends: str) -> Pipeline:
        first = self._skip()
        declares, assigns = self._declaration(context)
        commands: list[Command] = []
        while True:
            token = self._skip()
            if token.kind == ends:
                self._next()
                break
            if token.kind in ("word", "field", "variable", ".", "string", "raw", "char", "number", "("):
                commands.append(self._command(ends))
                continue
            raise self._unexpected(token, context)
        if not commands:
            raise self._failure(self._token(), f"missing value for {context}")
        for command in commands[1:]:
            if isinstance(command.operands[0], (Literal, Dot)):
                number = commands.index(command) + 1
                raise failure(self.source, first.at, f"non executable command in pipeline stage {number}")
        return Pipeline(tuple(commands), declares, assigns, first.at)

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        start = self.position
        names: list[str] = []
        while self._skip().kind == "variable":
            names.append(self._next().text)
            token = self._skip()
            if token.kind in (":=", "="):
                self._next()
                if token.kind == ":=":
                    self.variables += names
                else:
                    for name in names:
                        self._known(name, token)
                return tuple(names), token.kind == "="
            if token.kind == "," and context == "range" and len(names) == 1:
                self._next()
                continue
            break
        self.position = start
        return (), False

    def _known(self, name: str, token: Token) -> None:
        if name not in self.variables:
            raise self._failure(token, f"undefined variable {quote(name)}")

    def _command(self, ends: str) -> Command:
        operands: list[Operand] = []
        while True:
            self._skip()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self._token()
            if token.kind == "space":
                continue
            if token.kind == ends:
                break
            if token.kind == "|":
                self._next()
                break
            raise self._unexpected(token, "operand")
        if not operands:
            raise self._failure(self._token(), "empty command")
        return Command(tuple(operands))

    def _operand(self) -> Operand | None:
        token = self._token()
        node = self._term(token)
        if node is None:
            return None
        names: list[str] = []
        at = self._token().at
        while self._token().kind == "field":
            names.append(self._next().text[1:])
        if not names:
            return node
        if isinstance(node, Fields):
            return Fields((*node.names, *names), at)
        if isinstance(node, Variable):
            return Variable(node.name, (*node.names, *names), at)
        if isinstance(node, Chain):
            return Chain(node.of, tuple(names), at)
        raise self._failure(token, f"unexpected . after term {quote(str(node))}")

    def _term(self, token: Token) -> Operand | None:
        if token.kind == "(":
            self._next()
            return Chain(self._pipeline("parenthesized pipeline", ")"), (), token.at)
        node: Operand
        if token.kind == "word":
            if token.text in _LITERALS:
                node = Literal(_LITERALS[token.text], token.text, token.at)
            elif token.text in NAMES:
                node = Function(token.text, token.at)
            else:
                raise self._failure(token, f"function {quote(token.text)} not defined")
        elif token.kind == ".":
            node = Dot(token.at)
        elif token.kind == "field":
            node = Fields((token.text[1:],), token.at)
        elif token.kind == "variable":
            self._known(token.text, token)
            node = Variable(token.text, (), token.at)
        elif token.kind in ("string", "raw"):
            node = Literal(unquote(token, self.source), token.text, token.at)
        elif token.kind == "char":
            value = unquote(token, self.source)
            if len(value) != 1:
                raise self._failure(token, f"malformed character constant: {token.text}")
            node = Literal(ord(value), token.text, token.at)
        elif token.kind == "number":
            node = Literal(self._number(token), token.text, token.at)
        else:
            return None
        self._next()
        return node

    def _number(self, token: Token) -> int | float:
        try:
            return int(token.text, 0)
        except ValueError:
            try:
                return float(token.text)
            except ValueError:
                raise self._failure(token, f"bad number syntax: {quote(token.text)}") from None

    def _unexpected(self, token: Token, context: str) -> TemplateError:
        if token.kind == "end":
            return self._failure(token, f"unclosed action in {context}")
        shown = quote(token.text) if token.kind == "odd" else f"<{token.text}>"
        return self._failure(token, f"unexpected {shown} in {context}")
