"""Verbs that are not built yet: 501 and a sentence, where Docker's clients would else say "page not found".

Who builds one takes its line out: two verbs for one path are an error at the start.
"""

from boxship import __version__
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import Unsupported
from boxship.server.router import Verb, route

_MISSING = (
    ("POST", "/build", "build images"),
    ("POST", "/build/cancel", "build images"),
    ("POST", "/grpc", "build images with BuildKit"),
    ("POST", "/session", "build images with BuildKit"),
    ("POST", "/volumes/create", "make volumes"),
    ("POST", "/swarm/init", "form swarms"),
    ("POST", "/swarm/join", "form swarms"),
    ("POST", "/plugins/pull", "run plugins"),
    ("POST", "/plugins/create", "run plugins"),
)


def _refuse(what: str) -> Verb:
    async def verb(engine: Engine, request: Request, **_: str) -> None:
        raise Unsupported(f"Boxship {__version__} can't {what} yet")

    return verb


for _method, _pattern, _what in _MISSING:
    route(_method, _pattern)(_refuse(_what))
