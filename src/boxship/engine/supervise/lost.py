"""The end of a run whose monitor was killed: without it nobody reaps, logs or ends what is left in the container."""

import json

from boxship.kernel.cgroup import Cgroup, detect


def end_lost_run(bundle: str) -> None:
    """Kill every process of the run and remove its control group (blocks, some seconds at worst).

    bundle: the folder of the run; where it can't be read, nothing is known that could be ended. OSError when
    something does not go.
    """
    try:
        with open(f"{bundle}/plan.json", "rb") as file:
            path = json.load(file)["cgroup"]["path"]
    except (OSError, ValueError, KeyError):
        return
    if path:
        group = Cgroup(path, detect())
        group.kill_all()
        group.remove()
