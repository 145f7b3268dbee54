"""The control group of a container that runs."""

import json

from boxship.engine.engine import Engine
from boxship.kernel.cgroup import Cgroup, detect


def group_of_run(engine: Engine, container_id: str) -> Cgroup:
    """The group that the present run was given, also by a former daemon (blocks). FileNotFoundError when there is no
    run.
    """
    with open(f"{engine.config.bundle_folder(container_id)}/plan.json", "rb") as file:
        path: str = json.load(file)["cgroup"]["path"]
    return Cgroup(path, detect())
