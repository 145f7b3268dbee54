"""All cases, by the group whose recorded facts they belong to."""

from __future__ import annotations

from tests.facts.case import Case
from tests.facts.cases import (
    commit,
    create,
    environment,
    errors,
    events,
    exec_,
    files,
    images,
    inspect_,
    lifecycle,
    logs,
    pause,
    prune,
    ps,
    raw,
    rename,
    run,
    security,
    stats,
    system,
    top,
    update,
)

GROUPS: dict[str, tuple[Case, ...]] = {
    "commit": commit.CASES,
    "create": create.CASES,
    "environment": environment.CASES,
    "errors": errors.CASES,
    "events": events.CASES,
    "exec": exec_.CASES,
    "files": files.CASES,
    "images": images.CASES,
    "inspect": inspect_.CASES,
    "lifecycle": lifecycle.CASES,
    "logs": logs.CASES,
    "pause": pause.CASES,
    "prune": prune.CASES,
    "ps": ps.CASES,
    "raw": raw.CASES,
    "rename": rename.CASES,
    "run": run.CASES,
    "stats": stats.CASES,
    "security": security.CASES,
    "system": system.CASES,
    "top": top.CASES,
    "update": update.CASES,
}
