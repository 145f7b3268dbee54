"""docs/paths.md: every path of the Engine API 1.51 and what Boxship answers there, from the router's own table.

`python -m tools.paths` writes it; tests/unit/tools/test_paths.py holds that it is current, tests/api/test_paths.py that
the answers are those.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from boxship.server.handler import load_verbs
from boxship.server.router import ROUTES

PAGE = Path(__file__).parent.parent / "docs/paths.md"

# The paths that a Docker of API 1.51 has: methods, then the path.
PATHS = """
GET,HEAD /_ping
GET /version
GET /info
GET /system/df
GET /events
POST /auth
GET /containers/json
POST /containers/create
POST /containers/prune
GET /containers/{id}/json
GET /containers/{id}/top
GET /containers/{id}/logs
GET /containers/{id}/changes
GET /containers/{id}/export
GET /containers/{id}/stats
GET /containers/{id}/attach/ws
POST /containers/{id}/attach
POST /containers/{id}/exec
POST /containers/{id}/kill
POST /containers/{id}/pause
POST /containers/{id}/rename
POST /containers/{id}/resize
POST /containers/{id}/restart
POST /containers/{id}/start
POST /containers/{id}/stop
POST /containers/{id}/unpause
POST /containers/{id}/update
POST /containers/{id}/wait
GET,HEAD,PUT /containers/{id}/archive
DELETE /containers/{id}
GET /exec/{id}/json
POST /exec/{id}/resize
POST /exec/{id}/start
GET /images/json
GET /images/get
GET /images/search
POST /images/create
POST /images/load
POST /images/prune
GET /images/{name}/get
GET /images/{name}/history
GET /images/{name}/json
POST /images/{name}/push
POST /images/{name}/tag
DELETE /images/{name}
POST /commit
POST /build
POST /build/cancel
POST /build/prune
POST /session
POST /grpc
GET /distribution/{name}/json
GET /volumes
POST /volumes/create
POST /volumes/prune
GET,PUT,DELETE /volumes/{name}
GET /networks
POST /networks/create
POST /networks/prune
GET,DELETE /networks/{id}
POST /networks/{id}/connect
POST /networks/{id}/disconnect
GET /plugins
GET /plugins/privileges
POST /plugins/create
POST /plugins/pull
GET /plugins/{name}/json
DELETE /plugins/{name}
POST /plugins/{name}/disable
POST /plugins/{name}/enable
POST /plugins/{name}/push
POST /plugins/{name}/set
POST /plugins/{name}/upgrade
GET /swarm
GET /swarm/unlockkey
POST /swarm/init
POST /swarm/join
POST /swarm/leave
POST /swarm/unlock
POST /swarm/update
GET /nodes
GET,DELETE /nodes/{id}
POST /nodes/{id}/update
GET /services
POST /services/create
GET,DELETE /services/{id}
GET /services/{id}/logs
POST /services/{id}/update
GET /tasks
GET /tasks/{id}
GET /tasks/{id}/logs
GET /secrets
POST /secrets/create
GET,DELETE /secrets/{id}
POST /secrets/{id}/update
GET /configs
POST /configs/create
GET,DELETE /configs/{id}
POST /configs/{id}/update
"""

# Paths that Docker does not have: all of ours begin with /boxship/.
OURS = """
GET /boxship/images/{name}/layers
GET /boxship/images/{name}/diff
"""

BUILT, MISSING, NO_SWARM, NONE = "answers", "501", "503", "none"
WORDS = {
    BUILT: "as Docker",
    MISSING: "501: not built yet",
    NO_SWARM: "503: not in a swarm, in Docker's words",
    NONE: "404: there are none yet, in Docker's words",
}
# Verbs that are there to say that the thing is not.
_ABSENT = ("boxship.server.plugin.absent", "boxship.server.volume.inspect", "boxship.server.volume.remove")

_HEAD = """# The paths of API 1.51

What Boxship answers on every path that a Docker 28.5 has, in every version from 1.24 to 1.51: Docker, too, tells no
path from another by the version. Made from the router's table by `python -m tools.paths`; tests hold that it is
current, and that the answers are these. Other paths are 404, `page not found`.

| method | path | answer | by |
|---|---|---|---|
"""


_OURS = """
## Paths of our own

Docker has none of these; they are there in every version, and begin with `/boxship/`. docs/images-explained.md says
what they answer.

| method | path | by |
|---|---|---|
"""


class Entry(NamedTuple):
    """One method of one path: kind of answer, and the module that gives it."""

    method: str
    path: str
    answer: str
    module: str


def entries(paths: str = PATHS) -> Iterator[Entry]:
    """Every path with what the router has for it. LookupError for one that it does not know."""
    load_verbs()
    for line in paths.split("\n"):
        methods, _, path = line.partition(" ")
        for method in methods.split(",") if methods else ():
            found = ROUTES.find(method, path)
            if found is None:
                raise LookupError(f"{method} {path} is not routed")
            module = found[0].__module__
            yield Entry(method, path, _kind(module), module)


def unknown() -> list[str]:
    """Routes that are neither Docker's nor told of as ours."""
    load_verbs()
    listed = {(entry.method, _bare(entry.path)) for entry in entries(PATHS + OURS)}
    return [f"{method} {path}" for method, path in ROUTES if (method, _bare(path)) not in listed]


def page() -> str:
    """The text of docs/paths.md."""
    lines = [f"| {e.method} | `{e.path}` | {WORDS[e.answer]} | {_by(e.module)} |\n" for e in entries()]
    ours = [f"| {e.method} | `{e.path}` | {_by(e.module)} |\n" for e in entries(OURS)]
    return _HEAD + "".join(lines) + _OURS + "".join(ours)


def _kind(module: str) -> str:
    if module.startswith("boxship.server.missing"):
        return MISSING
    if module.startswith("boxship.server.swarm"):
        return NO_SWARM
    return NONE if module in _ABSENT else BUILT


def _by(module: str) -> str:
    return f"`{module.removeprefix('boxship.').replace('.', '/')}.py`"


def _bare(path: str) -> str:
    """The path whatever its variable is called."""
    before, brace, rest = path.partition("{")
    return f"{before}{{}}{rest.partition('}')[2]}" if brace else path


if __name__ == "__main__":
    if others := unknown():
        sys.exit(f"not in Docker's API, and not in OURS: {', '.join(others)}")
    PAGE.write_text(page())
