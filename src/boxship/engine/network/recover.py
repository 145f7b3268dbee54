"""Networks after a start of the daemon: what running containers have is known again, and the rules are made again."""

import asyncio
import logging
import os
from typing import Any

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.attach import plug_of
from boxship.engine.network.making import ensure, own_name
from boxship.engine.network.names import container_message, has_names, network_message, open_resolver, tell_alive
from boxship.engine.network.namespace import open_namespace
from boxship.lib.bridge import quick
from boxship.lib.errors import BoxshipError

log = logging.getLogger("boxship.engine")


def recover(engine: Engine, container: Container) -> None:
    """Note the addresses that a container had when the former daemon ended; its exit, if it has ended, frees them."""
    for endpoint in container.state.endpoints:
        network = engine.networks.by_id(endpoint.network_id)
        if network is not None:
            network.hold(container.id, endpoint)


async def recover_rules(engine: Engine) -> None:
    """Make the bridges that are in use or were left, and the rules, again: somebody may have flushed them.

    Bridges that belong to no network, since the former daemon was killed in the middle of something, are removed.
    """
    left = await quick(_sweep, engine)
    for network in engine.networks:
        if network.endpoints or network.record.device in left:
            try:
                await ensure(engine, network)
            except (BoxshipError, OSError) as error:
                log.error("network %s can't be made again: %s", network.name, error)
    await quick(_mend, engine, [one for one in engine.containers if one.running and one.state.endpoints])
    if not engine.networks.rules_ready and await quick(engine.networks.host.left_rules):
        # They may lead to containers that have ended.
        try:
            await quick(engine.networks.host.remove_rules)
        except BoxshipError as error:
            log.error("old packet rules can't be removed: %s", error)
    watch_names(engine)
    await recover_names(engine)


def _mend(engine: Engine, running: list[Container]) -> None:
    """The former daemon may have been killed in the middle of a connect or a disconnect: containers get the interfaces
    that their records name, and lose others (blocks).
    """
    host = engine.networks.host
    for container in running:
        wanted = {one.interface: one for one in container.state.endpoints if one.interface}
        if not wanted:
            continue
        try:
            with open_namespace(container) as fd:
                there = host.interfaces(fd)
                for name in there - wanted.keys():
                    host.unplug(fd, name)
                for name in wanted.keys() - there:
                    host.plug(fd, plug_of(engine, wanted[name], leads_out=len(wanted) == 1))
        except (BoxshipError, OSError) as error:
            log.error("the interfaces of container %s are not as they should be: %s", container.name, error)


def _sweep(engine: Engine) -> set[str]:
    """The bridges that a former daemon has left to its networks; others of its bridges are removed (blocks)."""
    # One without a subnet in its record was about to get one.
    known = {network.record.device for network in engine.networks if network.record.pools}
    try:
        bridges = engine.networks.host.bridges()
        for device in bridges - known:
            engine.networks.host.remove_bridge(device)
    except (BoxshipError, OSError) as error:
        log.error("the bridges can't be looked at: %s", error)
        return set()
    return bridges & known


def watch_names(engine: Engine) -> None:
    """From now on names come back at once when the dns process is killed."""
    loop = asyncio.get_running_loop()
    dns = engine.networks.dns

    def watch(pid: int) -> None:
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            lost(pid, -1)
            return
        loop.add_reader(pidfd, lost, pid, pidfd)

    def lost(pid: int, pidfd: int) -> None:
        if pidfd >= 0:
            loop.remove_reader(pidfd)
            os.close(pidfd)
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            # A former daemon has started it.
            pass
        if not engine.closing:
            engine.spawn(recover_names(engine))

    dns.connected = lambda pid: loop.call_soon_threadsafe(watch, pid)
    if dns.pid:
        watch(dns.pid)


async def recover_names(engine: Engine) -> None:
    """Tell the dns process all names again; containers that it does not know, since it was killed, get a resolver."""
    async with engine.networks.names_lock:
        known = set(await quick(engine.networks.dns.find))
        with_names = [one for one in engine.containers if any(end.resolver for end in one.state.endpoints)]
        running = [one for one in with_names if one.running]
        if not running and not known:
            return
        # Those that are about to start have told it of themselves.
        gone = known - {one.id for one in engine.containers if one.running or one.starting}
        messages = [network_message(engine, one) for one in engine.networks if has_names(one) and one.endpoints]
        await quick(_recover_names, engine, running, known, gone, messages)


def _recover_names(
    engine: Engine, running: list[Container], known: set[str], gone: set[str], messages: list[dict[str, Any]]
) -> None:
    try:
        for one in gone:
            engine.networks.dns.call({"op": "forget", "id": one})
        for container in running:
            if container.id in known:
                engine.networks.dns.call(container_message(engine, container.record, container.state.endpoints))
                continue
            try:
                with open_namespace(container) as fd:
                    open_resolver(engine, container.record, container.state.endpoints, fd)
                tell_alive(engine, container)
            except OSError as error:
                log.error("container %s has no resolver: %s", container.name, error)
        for message in messages:
            engine.networks.dns.call(message)
    except BoxshipError as error:
        log.error("names of networks can't be told: %s", error)


def take_down(engine: Engine) -> None:
    """No container runs and the daemon ends: take away what stands in the kernel (blocks); the records stay."""
    host = engine.networks.host
    try:
        if engine.networks.rules_ready:
            host.remove_rules()
        for network in engine.networks:
            if network.ready:
                host.remove_bridge(network.record.device, own=own_name(network.record))
    except (BoxshipError, OSError) as error:
        log.error("what networks left can't be removed: %s", error)
    host.close()
    engine.networks.dns.retire()
