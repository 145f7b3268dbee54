"""The handler of all requests: finds the verb, gives it the engine, turns errors into answers."""

import logging
import pkgutil
from importlib import import_module

import boxship.server
from boxship.engine.engine import Engine
from boxship.engine.system.version import SERVER
from boxship.http.request import ClientGone, Request
from boxship.lib.errors import BoxshipError, InvalidParameter, NotModified
from boxship.server import versions
from boxship.server.errors import status_of
from boxship.server.guard import check_source
from boxship.server.reply import reply_empty, reply_error
from boxship.server.router import ROUTES, clean_path, split_version

log = logging.getLogger("boxship.server")

_COMMON = [("Api-Version", versions.NEWEST), ("Ostype", "linux"), ("Server", SERVER)]
_EXPERIMENTAL = ("Docker-Experimental", "false")


def load_verbs() -> None:
    """Import every module of the verbs' packages, so that they register."""
    for package in pkgutil.iter_modules(boxship.server.__path__, "boxship.server."):
        if package.ispkg:
            module = import_module(package.name)
            for verb in pkgutil.iter_modules(module.__path__, f"{package.name}."):
                import_module(verb.name)


class Api:
    """The Engine API as a handler for `HttpServer`."""

    def __init__(self, engine: Engine) -> None:
        load_verbs()
        self._engine = engine

    async def __call__(self, request: Request) -> None:
        """Answer one request. ClientGone when nobody waits for the answer any more."""
        try:
            await self._answer(request)
        except ClientGone:
            raise
        except BoxshipError as error:
            status = status_of(error)
            level = logging.ERROR if status == 500 else logging.DEBUG
            log.log(level, "%s %s: %d %s", request.method, request.path, status, error.message)
            if request.started:
                raise ClientGone(f"{request.method} {request.path} is cut off: {error.message}") from error
            if isinstance(error, NotModified):
                await reply_empty(request, status)
            else:
                await reply_error(request, status, error.message)

    async def _answer(self, request: Request) -> None:
        check_source(request)
        written, _, query = request.raw_target.partition("?")
        if written.startswith("/") and (clean := clean_path(written)) != written:
            location = f"{clean}?{query}" if query else clean
            await request.respond(301, headers=[("Location", location)], content_type="")
            return
        version, path = split_version(request.path)
        if request.method == "OPTIONS":
            request.response_headers += [*_COMMON, _EXPERIMENTAL]
            await reply_empty(request, 200)
            return
        found = ROUTES.find(request.method, path)
        if found is None:
            # Docker says the same for a method that a path does not have.
            await reply_error(request, 404, "page not found")
            return
        request.response_headers += _COMMON
        try:
            request.api_version = versions.check_version(version)
        except InvalidParameter as error:
            if not versions.answers_in_plain_text(version):
                raise
            body = f"{error.message}\n".encode()
            plain = [("X-Content-Type-Options", "nosniff")]
            await request.respond(400, body, plain, content_type="text/plain; charset=utf-8")
            return
        request.response_headers.append(_EXPERIMENTAL)
        verb, variables = found
        log.debug("%s %s", request.method, request.raw_target)
        await verb(self._engine, request, **variables)
