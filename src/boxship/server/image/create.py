"""POST /images/create: pull from a registry, or import from the body or from a URL."""

from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.image import import_, import_url, pull
from boxship.http.request import Request
from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.model import platform as platforms
from boxship.server.image.lines import error_line, line
from boxship.server.registry import credentials_of
from boxship.server.router import route


@route("POST", "/images/create")
async def create(engine: Engine, request: Request) -> None:
    """200: with fromImage a line for each step, the last one perhaps an error; with fromSrc
    the last one is the new image's id."""
    platform = platforms.parse(request.text("platform")) if request.text("platform") else None
    if name := request.text("fromImage"):
        reference = pull.target(name, request.text("tag"))
        messages = pull.pull(engine, reference, platform=platform, credentials=credentials_of(request))
        # What fails before the first message is told by the status.
        first = await request.unless_gone(anext(messages))
        await request.start(200, [("Content-Type", "application/json")])
        await request.relay(_lines(first, messages))
        return
    source = request.text("fromSrc")
    changes, message = request.query.get("changes", []), request.text("message")
    repository, tag = request.text("repo"), request.text("tag")
    if source != "-":
        if not source:
            raise InvalidParameter("nothing to import: fromSrc is a URL, or - for the request's body")
        messages = import_url.import_url(
            engine, source, repository=repository, tag=tag, changes=changes, message=message, platform=platform
        )
        first = await request.unless_gone(anext(messages))
        await request.start(200, [("Content-Type", "application/json")])
        await request.relay(_lines(first, messages))
        return
    image_id = await import_.import_(
        engine,
        request.stream(),
        repository=repository,
        tag=tag,
        changes=changes,
        message=message,
        platform=request.text("platform"),
    )
    await request.respond(200, line({"status": image_id}))


async def _lines(first: dict[str, Any], messages: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    try:
        yield line(first)
        async for message in messages:
            yield line(message)
    except BoxshipError as error:
        yield error_line(error.message)
    finally:
        await messages.aclose()  # type: ignore[attr-defined]
