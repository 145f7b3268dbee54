"""What one client needs, whatever API version it speaks. As little as can be: every word here is a special case."""

from typing import Any

from boxship.http.request import Request

_DOCKER_PY = "docker-sdk-python/"


def container_inspect(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """The body of `GET /containers/{id}/json` for the client that asks.

    docker-py's `containers.run(...)` gives a container's output only where the driver is `json-file` or `journald`,
    and None else, though the daemon would give it: docker's `local` came later. Here `local` is the default, so
    docker-py hears of it by the name of Docker's default.
    """
    if not request.headers.get("user-agent", "").startswith(_DOCKER_PY):
        return body
    log = body["HostConfig"]["LogConfig"]
    if log["Type"] != "local":
        return body
    host = {**body["HostConfig"], "LogConfig": {**log, "Type": "json-file"}}
    return {**body, "HostConfig": host}
