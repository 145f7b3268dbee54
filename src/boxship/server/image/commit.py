"""POST /commit"""

from boxship.engine.engine import Engine
from boxship.engine.image import commit as verb
from boxship.http.request import Request
from boxship.model.config import ContainerConfig
from boxship.server.decode import build, check_content_type, parse_json
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/commit")
async def commit(engine: Engine, request: Request) -> None:
    """201 with the new image's id."""
    check_content_type(request)
    data = await request.body()
    config = build(ContainerConfig, parse_json(data), "container.Config") if data.strip() else None
    image_id = await verb.commit(
        engine,
        request.text("container"),
        repository=request.text("repo"),
        tag=request.text("tag"),
        comment=request.text("comment"),
        author=request.text("author"),
        pause=not request.text("pause") or request.flag("pause"),
        changes=request.query.get("changes", []),
        config=config,
    )
    await reply(request, 201, {"Id": image_id})
