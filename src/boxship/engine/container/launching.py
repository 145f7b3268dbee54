"""From a container's record to one run of it: root, files, log, spec."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from boxship.engine.container.files import network_files, write_files
from boxship.engine.container.filter_program import filter_program
from boxship.engine.container.log_target import log_target
from boxship.engine.engine import Engine
from boxship.engine.network.attach import Sandbox
from boxship.lib.errors import NotFound
from boxship.model.container import ContainerRecord
from boxship.runtime.apparmor import make_ready
from boxship.runtime.launch import Attach, StartRequest
from boxship.runtime.prepare import prepare
from boxship.runtime.runtimes import runtime_command
from boxship.runtime.spec import SpecInput, build_spec
from boxship.runtime.spec.labels import Labels
from boxship.runtime.spec.namespaces import joined_containers
from boxship.runtime.spec.security import apparmor_profile, read_security


def named_as_joined(engine: Engine, record: ContainerRecord) -> ContainerRecord:
    """The record of a container about to start: who shares another one's network is called as that one. NotFound."""
    ref = joined_containers(record.host).get("network")
    if ref is None:
        return record
    other = engine.containers.get(ref).record.config
    config = msgspec.structs.replace(record.config, hostname=other.hostname, domainname=other.domainname)
    return msgspec.structs.replace(record, config=config)


def network_owner(engine: Engine, record: ContainerRecord) -> str:
    """The id of the container whose hostname, hosts and resolv.conf this one has: its own, or that of the container
    whose network it shares.
    """
    ref = joined_containers(record.host).get("network")
    if ref is not None:
        try:
            return engine.containers.get(ref).id
        except NotFound:
            pass
    return record.id


def start_request(
    engine: Engine,
    record: ContainerRecord,
    joined: Mapping[str, str],
    attachments: tuple[Attach, ...],
    sandbox: Sandbox,
    *,
    size: tuple[int, int] | None,
    owner: str = "",
) -> StartRequest:
    """Everything the launcher needs (blocks: makes the writable layer and writes the files).

    owner: the container whose hostname, hosts and resolv.conf it gets, when they are not its own (`network_owner`).
    size: the terminal's height and width as clients said them; else what `docker run` sent along with the config.
    """
    config, host = record.config, record.host
    runtime = runtime_command(host.runtime, engine.config.runtimes)
    make_ready(apparmor_profile(read_security(host.security_opt), host, engine.host), engine.host)
    log = log_target(engine, record)
    root = engine.snapshotter.prepare(record.id, record.diff_ids)
    folder = engine.config.container_folder(owner or record.id)
    shared = owner not in ("", record.id)
    files = network_files(folder) if shared else write_files(record, folder, sandbox.endpoints)
    if sandbox.namespace:
        joined = {**joined, "network": sandbox.namespace}
    spec = build_spec(
        SpecInput(
            container_id=record.id,
            config=config,
            host=host,
            root=replace(root, lower=(*root.lower, engine.config.init_layer)),
            rootfs=engine.config.root_folder,
            hostname_path=files.hostname,
            hosts_path=files.hosts,
            resolv_conf_path=files.resolv_conf,
            features=engine.host,
            cgroup_parent=engine.config.cgroup_parent(engine.host.cgroup_driver),
            prepared=prepare(config, host, mount_label=record.mount_label, rules=record.binds),
            binds=record.binds,
            joined=joined,
            labels=Labels(record.process_label, record.mount_label),
        )
    )
    height, width = (host.console_size or [0, 0])[:2]
    return StartRequest(
        container_id=record.id,
        spec=spec,
        log=log,
        tty=config.tty,
        open_stdin=config.open_stdin,
        stdin_once=config.stdin_once,
        attachments=attachments,
        size=size or ((height, width) if height and width else None),
        seccomp_program="" if runtime else filter_program(engine, spec),
        systemd=engine.host.cgroup_driver == "systemd",
        runtime=runtime,
        held=tuple(one.sock for one in sandbox.bound),
        note=sandbox.note(),
    )
