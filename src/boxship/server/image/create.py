"""POST /images/create: import from the body; pulling comes with the registry client."""

from boxship.engine.engine import Engine
from boxship.engine.image import import_ as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter, Unsupported
from boxship.model.reference import parse
from boxship.server.image.lines import line
from boxship.server.router import route


@route("POST", "/images/create")
async def create(engine: Engine, request: Request) -> None:
    """200 with one line that names the new image."""
    if name := request.text("fromImage"):
        reference = parse(name).with_default_tag()
        raise Unsupported(
            f"cannot pull {reference.familiar}: this version has no registry client yet; "
            "bring the image with docker save and docker load"
        )
    source = request.text("fromSrc")
    if source != "-":
        raise InvalidParameter(
            f"cannot import from {source or 'nowhere'}: only from the request's body (fromSrc=-); "
            "download the archive first: curl URL | docker import -"
        )
    image_id = await verb.import_(
        engine,
        request.stream(),
        repository=request.text("repo"),
        tag=request.text("tag"),
        changes=request.query.get("changes", []),
        message=request.text("message"),
        platform=request.text("platform"),
    )
    await request.respond(200, line({"status": image_id}))
