"""`python -m tests.facts [PATTERN]`: ask the engine at $PEER_DOCKER_HOST and keep what it answers.

Every case is asked twice; one whose answers differ is a badly put question and is not kept. The cases of pulls need an
engine that reaches our loopback: run it in the network of the engine (nsenter --net=…, peers netns).
"""

from __future__ import annotations

import fnmatch
import http.client
import os
import sys
import tempfile
from pathlib import Path

from tests.facts import store
from tests.facts.cases import GROUPS
from tests.facts.features import features
from tests.facts.registry import fact_registry
from tests.facts.runner import CaseFailed, Runner
from tests.support.archives import archive, base_images
from tools.clients import clients


def main() -> int:
    """Record; the exit code is 1 when a case gave no fact."""
    host = os.environ.get("PEER_DOCKER_HOST", "")
    if not host.startswith("unix://"):
        print("facts: set PEER_DOCKER_HOST to the unix:// socket of a real Docker Engine", file=sys.stderr)
        return 2
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    home = clients()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="boxship-facts-") as config, fact_registry() as registry:
        runner = Runner((str(home / "bin/docker"),), host.removeprefix("unix://"), Path(config), registry)
        runner.load(archive(base_images(home / "bin/busybox")))
        version = runner.api.request("GET", "/version").json
        engine = {key: version[key] for key in ("Version", "ApiVersion")}
        for group, cases in GROUPS.items():
            facts = store.read(group)
            names = {case.name for case in cases}
            facts = {name: fact for name, fact in facts.items() if name in names}
            for case in (case for case in cases if fnmatch.fnmatch(case.name, pattern)):
                try:
                    answers = runner.run(case)
                    again = runner.run(case)
                except (CaseFailed, AssertionError, OSError, http.client.HTTPException) as error:
                    print(f"{case.name}: {type(error).__name__}: {error}", file=sys.stderr)
                    failed += 1
                    continue
                if answers != again:
                    print(f"{case.name}: two different answers:\n  {answers}\n  {again}", file=sys.stderr)
                    failed += 1
                    continue
                facts[case.name] = {"features": features(case.depends), "steps": answers}
            store.write(group, engine, facts)
            print(f"facts: {group}: {len(facts)} of {len(cases)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
