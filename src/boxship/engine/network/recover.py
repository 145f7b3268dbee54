"""Networks after a start of the daemon: what running containers have is known again, and the rules are made again."""

import asyncio
import logging
from typing import Any

from boxship.engine.container.register import Container
from boxship.engine.engine import Engine
from boxship.engine.network.making import ensure
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
    """Make the bridges that running containers use, and the rules, again: somebody may have flushed them."""
    for network in engine.networks:
        if network.endpoints:
            try:
                await ensure(engine, network)
            except (BoxshipError, OSError) as error:
                log.error("network %s can't be made again: %s", network.name, error)
    loop = asyncio.get_running_loop()

    def lost() -> None:
        loop.call_soon_threadsafe(lambda: engine.spawn(recover_names(engine)))

    engine.networks.dns_lost = lost
    await recover_names(engine)


async def recover_names(engine: Engine) -> None:
    """Tell the dns process all names again; containers that it does not know, since it was killed, get a resolver."""
    running = [one for one in engine.containers if one.running and any(end.resolver for end in one.state.endpoints)]
    known = set(await quick(engine.networks.dns.find))
    messages = [network_message(engine, one) for one in engine.networks if has_names(one) and one.endpoints]
    await quick(_recover_names, engine, running, known, messages)


def _recover_names(engine: Engine, running: list[Container], known: set[str], messages: list[dict[str, Any]]) -> None:
    try:
        for gone in known - {container.id for container in running}:
            engine.networks.dns.call({"op": "forget", "id": gone})
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
                host.remove_device(network.record.device)
    except (BoxshipError, OSError) as error:
        log.error("what networks left can't be removed: %s", error)
    host.close()
    engine.networks.dns.retire()
