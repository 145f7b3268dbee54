"""POST /auth"""

from boxship.engine.engine import Engine
from boxship.engine.system import auth as verb
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.registry.credentials import from_document
from boxship.server.decode import read_json
from boxship.server.reply import reply
from boxship.server.router import route


@route("POST", "/auth")
async def auth(engine: Engine, request: Request) -> None:
    """200 with an identity token, which may be empty."""
    value = await read_json(request)
    if not isinstance(value, dict):
        raise InvalidParameter("EOF" if value is None else "invalid JSON: credentials are an object")
    token = await verb.auth(engine, from_document(value, "the body"))
    await reply(request, 200, {"IdentityToken": token, "Status": "Login Succeeded"})
