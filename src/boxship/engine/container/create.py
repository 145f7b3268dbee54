"""docker create: a container that has not run yet."""

import os
from functools import partial
from typing import Any

import msgspec

from boxship.engine.container.defaults import fill_in
from boxship.engine.container.files import default_hostname
from boxship.engine.container.joining import check_joined, check_links
from boxship.engine.container.labels import new_labels
from boxship.engine.container.merge import merge
from boxship.engine.container.names import check_name, random_name
from boxship.engine.container.networking import memberships
from boxship.engine.container.notify import publish
from boxship.engine.container.validate import validate
from boxship.engine.engine import Engine
from boxship.engine.image.platform import check_platform
from boxship.lib.bridge import quick
from boxship.lib.clock import now_ns
from boxship.lib.errors import Conflict, InvalidParameter
from boxship.lib.ids import new_id
from boxship.model import platform as platforms
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import BindRules, ContainerRecord
from boxship.model.image import ImageRecord
from boxship.runtime.runtimes import runtime_command
from boxship.runtime.spec import MASKED_PATHS, READONLY_PATHS, check, settle
from boxship.runtime.spec.check import SUPPORTED
from boxship.runtime.spec.labels import level_of
from boxship.storage.logs.options import check_log_options

# What this engine does beside the runtime; what is missing here is refused, not ignored.
_SUPPORTED = SUPPORTED | {"restart", "joined"}


async def create(
    engine: Engine,
    config: ContainerConfig,
    host: HostConfig,
    networking: dict[str, Any],
    name: str,
    platform: str,
    *,
    flat_read_only: bool = False,
) -> tuple[str, list[str]]:
    """Make a container; its id and what the person should know (warnings).

    config and host as the API sends them; networking: the API's NetworkingConfig. name: "" for a random one.
    platform: "os/arch[/variant]", "" for whatever the image has. flat_read_only: see BindRules.
    InvalidParameter, NotFound (no such image) or Conflict (the name is taken), in the order Docker finds them.
    """
    validate(config, host)
    rules = BindRules(data_root=engine.config.data_root, flat_read_only=flat_read_only)
    if not config.image:
        # Docker makes such a container, too: an empty root, where nothing can run.
        nothing = ImageRecord(id="", diff_ids=[], size=0, created=0, architecture="", os="linux")
        return await _create(engine, nothing, config, host, networking, name, "", rules)
    found = engine.images.resolve(config.image)
    # Whoever removes the image meanwhile: the layers stay until this container's record names them.
    with engine.images.hold(found.id) as image:
        return await _create(engine, image, config, host, networking, name, platform, rules)


async def _create(
    engine: Engine,
    image: ImageRecord,
    config: ContainerConfig,
    host: HostConfig,
    networking: dict[str, Any],
    name: str,
    platform: str,
    rules: BindRules,
) -> tuple[str, list[str]]:
    check_platform(image, config.image, platforms.parse(platform) if platform else None)
    config = merge(config, image.config)
    if not config.cmd and not config.entrypoint:
        raise InvalidParameter("no command specified")
    if config.working_dir:
        config = msgspec.structs.replace(config, working_dir=clean_path(config.working_dir))
    host = fill_in(
        host,
        cgroup_v2=engine.host.cgroup_v2,
        log_driver=engine.config.log_driver,
        log_options=dict(engine.config.log_options),
        runtime=engine.config.default_runtime,
        ipc_mode=engine.config.ipc_mode,
        cgroupns_mode=engine.config.cgroupns_mode,
        shm_size=engine.config.shm_size,
        masked_paths=list(MASKED_PATHS),
        readonly_paths=list(READONLY_PATHS),
    )
    check_log_options(host.log_config.type, host.log_config.config or {})
    check_links(engine, host)
    asked = partial(check, config, host, engine.host, supported=_SUPPORTED, rules=rules)
    # Where nothing need be looked for on the disk, a thread would cost more than the check.
    warnings = await quick(asked) if host.mounts else asked()
    runtime_command(host.runtime, engine.config.runtimes)
    host = settle(host, engine.host)
    host = check_joined(engine, host)

    # Before the name is taken: nothing may fail between that and the record.
    asked_networks = memberships(engine, config, host, networking)
    labels = new_labels(engine, host)
    level = level_of(labels.mount)
    container_id = new_id()
    name = _take_name(engine, name, container_id)
    record = ContainerRecord(
        id=container_id,
        name=name,
        created_ns=now_ns(),
        image_id=image.id,
        diff_ids=image.diff_ids,
        image_size=image.size,
        config=msgspec.structs.replace(config, hostname=default_hostname(config, host, container_id)),
        host=host,
        memberships=asked_networks,
        process_label=labels.process,
        mount_label=labels.mount,
        binds=rules,
    )
    engine.containers.levels.add(level)
    try:
        container = await engine.containers.add(record)
    except BaseException:
        engine.containers.release(name, container_id)
        raise
    finally:
        engine.containers.levels.discard(level)
    publish(engine, container, "create")
    return container_id, warnings


def clean_path(path: str) -> str:
    """The path without `.`, `..` and double slashes."""
    return "/" + os.path.normpath(path).lstrip("/")


def _take_name(engine: Engine, wanted: str, container_id: str) -> str:
    if wanted:
        name = check_name(wanted)
        engine.containers.reserve(name, container_id)
        return name
    attempt = 0
    while True:
        name = random_name(attempt)
        try:
            engine.containers.reserve(name, container_id)
        except Conflict:
            attempt += 1
        else:
            return name
