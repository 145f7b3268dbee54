"""POST /images/{name}/tag"""

from boxship.engine.engine import Engine
from boxship.engine.image import tag as verb
from boxship.http.request import Request
from boxship.server.reply import reply_empty
from boxship.server.router import route


@route("POST", "/images/{name}/tag")
async def tag(engine: Engine, request: Request, name: str) -> None:
    """201; 200 when no repository is named, and so nothing is done."""
    await verb.tag(engine, name, repository=request.text("repo"), tag=request.text("tag"))
    await reply_empty(request, 201 if request.text("repo") else 200)
