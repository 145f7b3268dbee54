"""The events of one daemon: published once, remembered for a while, streamed to whoever asks."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping

from boxship.lib.clock import now_ns
from boxship.model.event import Event

REMEMBERED = 1024
"""How many past events `since` can reach; Docker keeps 256."""

BACKLOG = 4096
"""How far a subscriber may fall behind before it is let go."""

Filters = Mapping[str, list[str]]


class EventBus:
    """Belongs to the event loop; nothing here blocks and a slow reader costs only itself."""

    def __init__(self) -> None:
        self._past: deque[Event] = deque(maxlen=REMEMBERED)
        self._subscribers: set[asyncio.Queue[Event | None]] = set()

    @property
    def listeners(self) -> int:
        """How many are subscribed."""
        return len(self._subscribers)

    def publish(self, kind: str, action: str, actor: str, attributes: dict[str, str]) -> Event:
        """Tell everyone now. The change that the event speaks of must be durable already."""
        event = Event(type=kind, action=action, id=actor, attributes=attributes, time_ns=now_ns())
        self._past.append(event)
        for queue in tuple(self._subscribers):
            if queue.qsize() >= BACKLOG:
                self._subscribers.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)
        return event

    def subscribe(self, since_ns: int | None, until_ns: int | None, filters: Filters) -> AsyncIterator[Event]:
        """Past events from `since_ns` (none when it is None), then new ones until `until_ns` (for ever when None).

        Listens from this call on. Ends early when the reader falls more than BACKLOG events behind: a gap would be
        a lie.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        past = list(self._past) if since_ns is not None or _is_past(until_ns) else []
        self._subscribers.add(queue)
        return self._stream(queue, past, since_ns or 0, until_ns, filters)

    async def _stream(
        self,
        queue: "asyncio.Queue[Event | None]",
        past: list[Event],
        since_ns: int,
        until_ns: int | None,
        filters: Filters,
    ) -> AsyncIterator[Event]:
        try:
            for event in past:
                in_time = event.time_ns >= since_ns and (until_ns is None or event.time_ns <= until_ns)
                if in_time and matches(event, filters):
                    yield event
            async for event in _until(queue, until_ns):
                if matches(event, filters):
                    yield event
        finally:
            self._subscribers.discard(queue)


def _is_past(until_ns: int | None) -> bool:
    return until_ns is not None and until_ns <= now_ns()


async def _until(queue: "asyncio.Queue[Event | None]", until_ns: int | None) -> AsyncIterator[Event]:
    if until_ns is None:
        while (event := await queue.get()) is not None:
            yield event
        return
    while (left := until_ns - now_ns()) > 0:
        try:
            event = await asyncio.wait_for(queue.get(), left / 1e9)
        except TimeoutError:
            return
        if event is None or event.time_ns > until_ns:
            return
        yield event


def matches(event: Event, filters: Filters) -> bool:
    """Whether an event passes the filters of `GET /events`: all keys must hold, of each key one value.

    `label` alone wants all of its values. A key that is not known, or `scope` and `type` with odd values,
    is no error in Docker: it is ignored, or nothing matches.
    """
    return all(_holds(event, key, values) for key, values in filters.items())


def _holds(event: Event, key: str, values: list[str]) -> bool:
    match key:
        case "type":
            return event.type in values
        case "event":
            # "exec_start: sh -c …" also answers to its name alone.
            return event.action in values or event.action.partition(":")[0] in values
        case "scope":
            return event.scope in values
        case "label":
            return all(_labelled(event.attributes, value) for value in values)
        case "image":
            return _actor(event, "image", values) or _image_of(event, values)
        case "container" | "network" | "volume" | "daemon" | "plugin" | "service" | "node" | "secret" | "config":
            return _actor(event, key, values)
    return True


def _labelled(attributes: Mapping[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in attributes and (not equals or attributes[name] == value)


def _actor(event: Event, kind: str, values: Iterable[str]) -> bool:
    """The object itself, by id, id prefix or name; a network or volume also answers for its containers' events."""
    if event.type == kind:
        name = event.attributes.get("name", "")
        return any(value == name or (value and event.id.startswith(value)) for value in values)
    if kind == "container":
        other = event.attributes.get("container", "")
        return other != "" and any(value and other.startswith(value) for value in values)
    return False


def _image_of(event: Event, values: Iterable[str]) -> bool:
    """Whether a container's or an image's event speaks of one of these images; a tag may be left out."""
    if event.type not in ("container", "image"):
        return False
    name = event.attributes.get("image" if event.type == "container" else "name", "")
    return any(value in (name, _untagged(name)) for value in values)


def _untagged(name: str) -> str:
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name
