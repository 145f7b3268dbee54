"""POST /containers/create"""

from typing import Any

from boxship.engine.container import create as verb
from boxship.engine.engine import Engine
from boxship.http.request import Request
from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HostConfig
from boxship.server.decode import build, check_content_type, has_field, member, parse_json
from boxship.server.reply import reply
from boxship.server.router import route
from boxship.server.versions import adapt_create, read_only_binds_are_flat


@route("POST", "/containers/create")
async def create(engine: Engine, request: Request) -> None:
    """201 with the id and what the person should know."""
    name = request.text("name")
    check_content_type(request)
    data = await request.body()
    if not data.strip():
        raise InvalidParameter("invalid JSON: got EOF while reading request body")
    config, host, networking = parse_create(parse_json(data))
    config, host, networking = adapt_create(
        request.api_version, config, host, networking, cgroup_v2=engine.host.cgroup_v2
    )
    platform = request.text("platform") if request.api_version >= (1, 41) else ""
    container_id, warnings = await verb.create(
        engine,
        config,
        host,
        networking,
        name,
        platform,
        flat_read_only=read_only_binds_are_flat(request.api_version),
    )
    await reply(request, 201, {"Id": container_id, "Warnings": warnings})


def parse_create(value: Any) -> tuple[ContainerConfig, HostConfig, dict[str, Any]]:
    """The three parts of the body. InvalidParameter, also when there is no container config in it."""
    config = build(ContainerConfig, value, "container.CreateRequest")
    if value is None or not has_field(ContainerConfig, value):
        raise InvalidParameter("config cannot be empty in order to create a container")
    parts = {}
    for part, kind in (("HostConfig", "container.HostConfig"), ("NetworkingConfig", "network.NetworkingConfig")):
        found = member(value, part)
        if found is not None and not isinstance(found, dict):
            raise InvalidParameter(
                f"invalid JSON: json: cannot unmarshal {_kind(found)} into Go struct field .{part} of type {kind}"
            )
        parts[part] = found or {}
    return config, build(HostConfig, parts["HostConfig"], path=".HostConfig"), parts["NetworkingConfig"]


def _kind(value: Any) -> str:
    return {str: "string", list: "array", bool: "bool"}.get(type(value), "number")
