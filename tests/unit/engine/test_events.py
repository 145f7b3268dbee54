"""The event bus and its filters."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from boxship.engine.events import BACKLOG, REMEMBERED, EventBus, matches
from boxship.lib.clock import now_ns
from boxship.model.event import Event

ID = "ab" * 32


def _event(action: str = "start", kind: str = "container", **attributes: str) -> Event:
    return Event(type=kind, action=action, id=ID, attributes=attributes, time_ns=1)


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({}, True),
        ({"type": ["container"]}, True),
        ({"type": ["image"]}, False),
        ({"event": ["exec_create"]}, True),
        ({"event": ["exec_create: sh -c true"]}, True),
        ({"event": ["exec_start"]}, False),
        ({"event": ["die", "exec_create"]}, True),
        ({"container": ["web"]}, True),
        ({"container": [ID[:5]]}, True),
        ({"container": ["we"]}, False),
        ({"image": ["busybox:1"]}, True),
        ({"image": ["busybox"]}, True),
        ({"image": ["busy"]}, False),
        ({"label": ["tier"]}, True),
        ({"label": ["tier=front"]}, True),
        ({"label": ["tier=back"]}, False),
        ({"label": ["tier", "name=web"]}, True),
        ({"network": ["none"]}, False),
        ({"scope": ["local"]}, True),
        ({"scope": ["swarm"]}, False),
        ({"type": ["container"], "event": ["die"]}, False),
        ({"nonsense": ["x"]}, True),
    ],
)
def test_filters(filters: dict[str, list[str]], passes: bool) -> None:
    event = _event("exec_create: sh -c true", image="busybox:1", name="web", tier="front")
    assert matches(event, filters) is passes


async def _take(events: AsyncIterator[Event], count: int) -> list[str]:
    return [(await anext(events)).action for _ in range(count)]


def _publish(bus: EventBus, action: str) -> None:
    bus.publish("container", action, ID, {})


def test_past_then_live() -> None:
    async def run() -> None:
        bus = EventBus()
        _publish(bus, "create")
        events = bus.subscribe(0, None, {})
        assert await _take(events, 1) == ["create"]
        _publish(bus, "start")
        assert await _take(events, 1) == ["start"]
        await events.aclose()

    asyncio.run(run())


def test_without_since_only_what_comes() -> None:
    async def run() -> None:
        bus = EventBus()
        _publish(bus, "create")
        events = bus.subscribe(None, None, {})
        _publish(bus, "start")
        assert await _take(events, 1) == ["start"]
        await events.aclose()

    asyncio.run(run())


def test_until_in_the_past_ends() -> None:
    async def run() -> None:
        bus = EventBus()
        _publish(bus, "create")
        until = now_ns()
        _publish(bus, "start")
        assert [event.action async for event in bus.subscribe(0, until, {})] == ["create"]
        assert [event.action async for event in bus.subscribe(None, until, {})] == ["create"]

    asyncio.run(run())


def test_until_in_the_future_ends_by_itself() -> None:
    async def run() -> None:
        bus = EventBus()
        assert [event async for event in bus.subscribe(0, now_ns() + 20_000_000, {})] == []

    asyncio.run(run())


def test_the_past_is_bounded() -> None:
    async def run() -> None:
        bus = EventBus()
        for _ in range(REMEMBERED + 10):
            _publish(bus, "x")
        assert len([event async for event in bus.subscribe(0, now_ns(), {})]) == REMEMBERED

    asyncio.run(run())


def test_who_does_not_read_is_let_go_and_nobody_else() -> None:
    async def run() -> None:
        bus = EventBus()
        slow, quick = bus.subscribe(None, None, {}), bus.subscribe(None, None, {})
        for number in range(BACKLOG + 1):
            _publish(bus, "more")
            if number % 1000 == 0:
                await _take(quick, (number and 1000) or 1)
        assert len([event async for event in slow]) == BACKLOG
        assert (await anext(quick)).action == "more"
        await quick.aclose()

    asyncio.run(run())
