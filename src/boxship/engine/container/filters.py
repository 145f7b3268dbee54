"""The filters of `docker ps`."""

import re
from collections.abc import Callable

from boxship.engine.container.register import Container
from boxship.engine.container.shapes import mounts
from boxship.engine.engine import Engine
from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.model.container import ContainerRecord

Test = Callable[[Container], bool]

_STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
_HEALTH = ("none", "starting", "healthy", "unhealthy")
_KNOWN = frozenset(
    {"ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network"}
    | {"publish", "since", "status", "volume"}
)
_HIGHEST_PORT = 65535
_PORT = re.compile(r"(\d+)(?:-(\d+))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)


def select(engine: Engine, *, all: bool, limit: int, filters: dict[str, list[str]]) -> list[Container]:
    """The containers that pass, the newest first. InvalidParameter, or NotFound for `before` and `since`.

    All keys must hold, of each key one value; `label` wants all of its values. A filter on the state and a limit look
    at all containers, not only at the running ones.
    """
    for key in filters:
        if key not in _KNOWN:
            raise InvalidParameter(f"invalid filter '{key}'")
    tests = [_test(engine, key, values) for key, values in filters.items() if values]
    bounds = _bounds(engine, filters)
    if not all and limit <= 0 and not filters.get("status"):
        tests.append(lambda container: container.active)
    newest_first = sorted(engine.containers, key=lambda container: container.record.created_ns, reverse=True)
    after, before = bounds
    chosen = [
        container
        for container in newest_first
        if after < container.record.created_ns < before and _passes(container, tests)
    ]
    return chosen[:limit] if limit > 0 else chosen


def _passes(container: Container, tests: list[Test]) -> bool:
    return all(test(container) for test in tests)


def _bounds(engine: Engine, filters: dict[str, list[str]]) -> tuple[int, float]:
    """Only containers made after the newest of `since` and before the oldest of `before`."""
    created = {
        key: [engine.containers.get(ref).record.created_ns for ref in filters.get(key, ())]
        for key in ("since", "before")
    }
    return max(created["since"], default=-1), min(created["before"], default=float("inf"))


def _test(engine: Engine, key: str, values: list[str]) -> Test:
    match key:
        case "id":
            return lambda container: any(value and _matches(container.id, value, anchored=True) for value in values)
        case "name":
            return lambda container: any(_name_matches(container.name, value) for value in values)
        case "label":
            return lambda container: labels_match(container.record.config.labels or {}, values)
        case "status":
            _check(key, values, _STATES, "state")
            return lambda container: container.state.status in values
        case "health":
            _check(key, values, _HEALTH, "health")
            return lambda container: (container.state.health.status if container.state.health else "none") in values
        case "exited":
            codes = {_integer(key, value) for value in values}
            return lambda container: (
                not container.active and container.state.started_ns != 0 and container.state.exit_code in codes
            )
        case "is-task":
            wanted = {_boolean(key, value) for value in values}
            if len(wanted) > 1:
                raise InvalidParameter(f"invalid filter '{key}=[{' '.join(values)}]'")
            return lambda container: False in wanted
        case "ancestor":
            images = _ancestors(engine, values)
            return lambda container: container.record.image_id in images
        case "volume":
            return lambda container: any(
                value in (point["Source"], point["Destination"])
                for value in values
                for point in mounts(container.record)
            )
        case "network":
            return lambda container: any(
                not value or any(value in (one.network, one.network_id) for one in container.record.belongs)
                for value in values
            )
        case "publish" | "expose":
            ports = {port for value in values for port in _ports(key, value)}
            return lambda container: bool(ports & _has_ports(key, container.record))
    return lambda container: True


def _matches(text: str, pattern: str, *, anchored: bool = False) -> bool:
    try:
        return bool(re.match(pattern, text) if anchored else re.search(pattern, text))
    except re.error:
        return text.startswith(pattern) if anchored else pattern == text


def _name_matches(name: str, pattern: str) -> bool:
    """A regular expression anywhere in the name, with its slash or without."""
    return name == pattern.removeprefix("/") or _matches(f"/{name}", pattern) or _matches(name, pattern)


def labels_match(labels: dict[str, str], values: list[str]) -> bool:
    """Whether all of `values` (NAME or NAME=VALUE) are among the labels."""
    for value in values:
        name, equals, wanted = value.partition("=")
        if name not in labels or (equals and labels[name] != wanted):
            return False
    return True


def _check(key: str, values: list[str], allowed: tuple[str, ...], what: str) -> None:
    for value in values:
        if value not in allowed:
            raise InvalidParameter(
                f"invalid filter '{key}={value}': invalid value for {what} ({value}): "
                f"must be one of {', '.join(allowed)}"
            )


def _integer(key: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise InvalidParameter(
            f"invalid filter '{key}={value}': strconv.Atoi: parsing \"{value}\": invalid syntax"
        ) from None


def _boolean(key: str, value: str) -> bool:
    if value.lower() in ("1", "true"):
        return True
    if value.lower() in ("0", "false"):
        return False
    raise InvalidParameter(f"invalid filter '{key}=[{value}]'")


def _ancestors(engine: Engine, values: list[str]) -> set[str]:
    """The ids of the images that are meant and of those that were made from them."""
    found: set[str] = set()
    images = engine.images.all()
    for value in values:
        try:
            wanted = engine.images.resolve(value)
        except (NotFound, InvalidParameter):
            continue
        layers = wanted.diff_ids
        found.add(wanted.id)
        if layers:
            found |= {image.id for image in images if image.diff_ids[: len(layers)] == layers}
    return found


def _ports(key: str, value: str) -> list[str]:
    """`80`, `80/udp`, `80-90/tcp` as single ports."""
    if not value:
        raise BoxshipError(f"error while looking up for {key} : Empty string specified for ports.")
    parsed = _PORT.fullmatch(value)
    if parsed is None:
        bad = value.partition("/")[0].partition("-")[0]
        raise BoxshipError(
            f'error while looking up for {key} {value}: strconv.ParseUint: parsing "{bad}": invalid syntax'
        )
    first, last = int(parsed[1]), int(parsed[2] or parsed[1])
    for number in (first, last):
        if number > _HIGHEST_PORT:
            raise BoxshipError(
                f'error while looking up for {key} {value}: strconv.ParseUint: parsing "{number}": value out of range'
            )
    if last < first:
        raise BoxshipError(
            f"error while looking up for {key} {value}: Invalid range specified for the Port: {first}-{last}"
        )
    return [f"{port}/{(parsed[3] or 'tcp').lower()}" for port in range(first, last + 1)]


def _has_ports(key: str, record: ContainerRecord) -> set[str]:
    """Docker looks at what a running container's network really has."""
    if record.state.phase != "running" or record.host.network_mode in ("none", "host"):
        return set()
    published = {f"{host_port}/{protocol}" for protocol, _, host_port, _, _ in record.state.ports}
    if key == "publish":
        return published
    return set(record.config.exposed_ports or ()) | {f"{port}/{protocol}" for protocol, *_, port in record.state.ports}
