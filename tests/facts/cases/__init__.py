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
    prune,
    ps,
    raw,
    run,
    security,
    stats,
    system,
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
    "prune": prune.CASES,
    "ps": ps.CASES,
    "raw": raw.CASES,
    "run": run.CASES,
    "stats": stats.CASES,
    "security": security.CASES,
    "system": system.CASES,
}
