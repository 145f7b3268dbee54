"""What `docker update` may change of a container.

The body of `POST /containers/{id}/update` is a HostConfig of which the API's Resources and the restart policy alone are
read.

A value that is 0, "" or null stays as it is. Units are those of HostConfig. What Docker reads but does not change in a
container that exists is checked and kept out: all that is not in `CHANGED`.
"""

from typing import Any

from boxship.model.config import HostConfig

_FIELDS = HostConfig.__struct_fields__
RESOURCES = _FIELDS[_FIELDS.index("cpu_shares") : _FIELDS.index("kernel_memory_tcp") + 1]
READ = frozenset((*RESOURCES, "restart_policy"))

CHANGED = (
    "blkio_weight",
    "cpu_shares",
    "nano_cpus",
    "cpu_period",
    "cpu_quota",
    "cpuset_cpus",
    "cpuset_mems",
    "memory",
    "memory_swap",
    "memory_reservation",
    "cpu_realtime_period",
    "cpu_realtime_runtime",
)


def changes_of(update: HostConfig) -> dict[str, Any]:
    """The fields of a HostConfig that the update sets, with their values."""
    changes = {name: value for name in CHANGED if (value := getattr(update, name))}
    if update.pids_limit is not None:
        # 0 and below: no limit.
        changes["pids_limit"] = max(update.pids_limit, 0)
    if update.restart_policy.name:
        changes["restart_policy"] = update.restart_policy
    return changes
