"""docker network ls."""

import builtins
from typing import Any

from boxship.engine.engine import Engine
from boxship.engine.network.inspect import body
from boxship.engine.network.register import Network
from boxship.lib.errors import InvalidParameter

_KNOWN = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
_TRUE, _FALSE = ("1", "true"), ("0", "false")


def list(engine: Engine, filters: dict[str, builtins.list[str]]) -> builtins.list[dict[str, Any]]:
    """The bodies of `GET /networks`. InvalidParameter for a filter that is not known."""
    check_filters(filters, _KNOWN)
    for value in filters.get("type", ()):
        if value not in ("builtin", "custom"):
            raise InvalidParameter(f"invalid filter: 'type'='{value}'")
    for value in filters.get("dangling", ()):
        if value not in (*_TRUE, *_FALSE):
            raise InvalidParameter(f"invalid filter 'dangling={value}'")
    return [body(network) for network in engine.networks if _passes(engine, network, filters)]


def check_filters(filters: dict[str, builtins.list[str]], known: frozenset[str]) -> None:
    """InvalidParameter for a filter that is not among the known ones."""
    for key in filters:
        if key not in known:
            raise InvalidParameter(f"invalid filter '{key}'")


def in_use(engine: Engine, network: Network) -> bool:
    """Whether a container, running or not, belongs to the network."""
    return bool(network.endpoints) or any(
        one.network_id == network.id or (not one.network_id and one.network == network.name)
        for container in engine.containers
        for one in container.record.belongs
    )


def _passes(engine: Engine, network: Network, filters: dict[str, builtins.list[str]]) -> bool:
    return all(
        any(_holds(engine, network, key, value) for value in values)
        if key != "label"
        else all(has_label(network.record.labels, value) for value in values)
        for key, values in filters.items()
        if values
    )


def has_label(labels: dict[str, str], wanted: str) -> bool:
    """Whether "key" or "key=value" is among the labels."""
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _holds(engine: Engine, network: Network, key: str, value: str) -> bool:
    match key:
        case "id":
            return network.id.startswith(value)
        case "name":
            return value in network.name
        case "driver":
            return network.record.driver == value
        case "scope":
            return value == "local"
        case "type":
            return (value == "builtin") == network.record.predefined
        case "dangling":
            dangling = not network.record.predefined and not in_use(engine, network)
            return (value in _TRUE) == dangling
    return False
