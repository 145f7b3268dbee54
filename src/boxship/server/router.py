"""From a method and a path to the function that answers.

Verbs register themselves with `@route`. A path has at most one variable, which takes anything, also slashes and
nothing at all, as Docker's own routes do: what it names is the engine's business.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

# (engine, request, **variables); the variables are text.
Verb = Callable[..., Awaitable[None]]


class Route(NamedTuple):
    """One entry: a path is `prefix` + the value of `variable` + `suffix`, or exactly `prefix`."""

    prefix: str
    variable: str
    suffix: str
    verb: Verb

    def match(self, path: str) -> str | None:
        """The variable's value, or None."""
        length = len(path) - len(self.prefix) - len(self.suffix)
        if length < 0 or not path.startswith(self.prefix) or not path.endswith(self.suffix):
            return None
        return path[len(self.prefix) : len(self.prefix) + length]


class Routes:
    """All routes: those without a variable by their path, the others in the order of their making."""

    def __init__(self) -> None:
        self._fixed: dict[tuple[str, str], Verb] = {}
        self._variable: dict[str, list[Route]] = {}

    def add(self, method: str, pattern: str, verb: Verb) -> None:
        """ValueError when the pattern has two variables, or when it is there already."""
        if "{" not in pattern:
            if (method, pattern) in self._fixed:
                raise ValueError(f"{method} {pattern} has two verbs")
            self._fixed[method, pattern] = verb
            return
        prefix, _, rest = pattern.partition("{")
        variable, _, suffix = rest.partition("}")
        if "{" in suffix:
            raise ValueError(f"{pattern} has more than one variable")
        routes = self._variable.setdefault(method, [])
        if any((route.prefix, route.suffix) == (prefix, suffix) for route in routes):
            raise ValueError(f"{method} {pattern} has two verbs")
        routes.append(Route(prefix, variable, suffix, verb))
        # "/images/{name}/json" before "/images/{name}".
        routes.sort(key=lambda route: -len(route.suffix))

    def find(self, method: str, path: str) -> tuple[Verb, dict[str, str]] | None:
        """The verb for a path without version, and its variables."""
        if (verb := self._fixed.get((method, path))) is not None:
            return verb, {}
        for route in self._variable.get(method, ()):
            if (value := route.match(path)) is not None:
                return route.verb, {route.variable: value}
        return None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Method and pattern of every route."""
        yield from self._fixed
        for method, routes in self._variable.items():
            for route in routes:
                yield method, f"{route.prefix}{{{route.variable}}}{route.suffix}"


ROUTES = Routes()


def route(method: str, pattern: str) -> Callable[[Verb], Verb]:
    """Register `async def verb(engine, request, **variables)` for a method and a path without version.

    The verb answers through the request. Errors of lib/errors that it raises become answers.
    """

    def register(verb: Verb) -> Verb:
        ROUTES.add(method, pattern, verb)
        return verb

    return register


def split_version(path: str) -> tuple[str, str]:
    """`/v1.43/info` as ("1.43", "/info"); without a version "" and the path."""
    if not path.startswith("/v"):
        return "", path
    version, slash, rest = path[2:].partition("/")
    if not slash or not version or version.strip("0123456789."):
        return "", path
    return version, f"/{rest}"


def clean_path(path: str) -> str:
    """The path without empty, `.` and `..` parts; a slash at its end stays."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    clean = "/" + "/".join(parts)
    return clean + "/" if path.endswith("/") and clean != "/" else clean
