"""docker update: other limits and another restart policy for a container that exists, also while it runs."""

import logging
import os
from typing import Any

import msgspec

from boxship.engine.container.group import group_of_run
from boxship.engine.container.notify import publish
from boxship.engine.container.register import Container
from boxship.engine.container.validate import validate_restart
from boxship.engine.engine import Engine
from boxship.kernel.cgroup import Cgroup
from boxship.kernel.cgroup.scope import update_scope
from boxship.lib.bridge import bulk
from boxship.lib.errors import BoxshipError, Conflict, InvalidParameter
from boxship.model.config import HostConfig
from boxship.model.update import changes_of
from boxship.runtime.spec.check_resources import check_resources
from boxship.runtime.spec.resources import changed_resources

log = logging.getLogger("boxship.engine")


async def update(engine: Engine, ref: str, config: HostConfig) -> list[str]:
    """Change a container by what model/update.py reads of `config`; Docker's warnings for what this machine can't keep.

    What is changed holds at once where it runs, and is kept for the next start. InvalidParameter for a bad value,
    Conflict for one that does not go with what the container has, BoxshipError when the kernel refuses it: then
    nothing has changed.
    """
    if config.io_maximum_iops or config.io_maximum_bandwidth:
        raise InvalidParameter("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps")
    warnings = check_resources(config, engine.host, update=True)
    validate_restart(config.restart_policy)
    container = engine.containers.get(ref)
    changes = changes_of(msgspec.structs.replace(config, **_kept_here(engine, config)))
    try:
        await engine.whole(_update(engine, container, changes))
    except InvalidParameter:
        raise
    except BoxshipError as error:
        raise type(error)(f"Cannot update container {container.id}: {error.message}") from error
    return warnings


def _kept_here(engine: Engine, config: HostConfig) -> dict[str, object]:
    """The fields that this machine can't keep, emptied: the person was warned."""
    host = engine.host
    fields: dict[str, object] = {}
    if not host.memory_limit:
        fields |= {"memory": 0, "memory_swap": 0}
    elif not host.swap_limit:
        fields["memory_swap"] = 0
    if not host.memory_reservation:
        fields["memory_reservation"] = 0
    if not host.cpu_shares:
        fields["cpu_shares"] = 0
    if not host.cpu_cfs:
        fields |= {"cpu_period": 0, "cpu_quota": 0}
    if not host.cpuset:
        fields |= {"cpuset_cpus": "", "cpuset_mems": ""}
    if not host.block_weight:
        fields["blkio_weight"] = 0
    if not host.pids_limit:
        fields["pids_limit"] = None
    return fields


async def _update(engine: Engine, container: Container, changes: dict[str, object]) -> None:
    async with container.lock:
        if container.removing:
            raise Conflict('Container is marked for removal and cannot be "update".')
        before = container.record.host
        _check_against(before, changes)
        after = msgspec.structs.replace(before, **changes)
        if container.running:
            await bulk(_apply, engine, container.id, before, after)
        container.record = msgspec.structs.replace(container.record, host=after)
        await engine.containers.save(container)
        publish(engine, container, "update")


def _check_against(host: HostConfig, changes: dict[str, object]) -> None:
    """Conflict for what does not go with the container as it is."""
    policy = changes.get("restart_policy")
    if host.auto_remove and policy is not None and getattr(policy, "name", "no") != "no":
        raise Conflict("Restart policy cannot be updated because AutoRemove is enabled for the container")
    for field, name in (("cpu_period", "CPU Period"), ("cpu_quota", "CPU Quota")):
        if changes.get("nano_cpus") and getattr(host, field):
            raise Conflict(f"Conflicting options: Nano CPUs cannot be updated as {name} has already been set")
        if changes.get(field) and host.nano_cpus:
            raise Conflict(f"Conflicting options: {name} cannot be updated as NanoCPUs has already been set")
    memory = changes.get("memory")
    if isinstance(memory, int) and "memory_swap" not in changes and memory > host.memory_swap:
        raise Conflict(
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
        )


def _apply(engine: Engine, container_id: str, before: HostConfig, after: HostConfig) -> None:
    resources = changed_resources(before, after, engine.host)
    if not resources:
        return
    try:
        group = group_of_run(engine, container_id)
        group.update(resources)
        if engine.host.cgroup_driver == "systemd" and group.path.endswith(".scope"):
            _tell_systemd(group, resources)
    except FileNotFoundError:
        # It is ending; the next run has the new limits from its start.
        return
    except OSError as error:
        raise BoxshipError(f"{error.filename}: {error.strerror}") from error


def _tell_systemd(group: Cgroup, resources: dict[str, Any]) -> None:
    """The files have the limits; without this a daemon-reload would bring the old ones back."""
    try:
        update_scope(os.path.basename(group.path), resources, group.layout.version)
    except (BoxshipError, OSError) as error:
        log.warning("systemd does not take the new limits of %s: %s", group.path, error)
        return
    # It has rounded a quota.
    group.update(resources)
