"""What a pull tells reaches its client in order; figures that nobody has taken yet are replaced."""

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxship.engine.image.telling import Telling, message
from boxship.image.pull.steps import Figures, Step
from boxship.lib.errors import NotFound


def heard(steps: list[Step]) -> list[dict[str, Any]]:
    """What a client gets that begins to listen when all has been told."""

    async def scene() -> list[dict[str, Any]]:
        telling = Telling()
        for step in steps:
            telling.say(step)
        telling.end()
        return [told async for told in telling.listen()]

    return asyncio.run(scene())


_STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["Downloading", "Pull complete"]),
        st.sampled_from(["a", "b"]),
        st.just(True),
        st.integers(0, 2),
        st.just(2),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(_STEPS)
def test_nothing_is_lost_but_figures_that_newer_ones_replace(steps: list[Step]) -> None:
    got = heard(steps)
    assert [told for told in got if not told["progressDetail"].get("current")] == [
        message(step) for step in steps if not step.passing
    ]
    for name in ("a", "b"):
        told = [step for step in steps if step.id == name]
        kept = [
            step
            for step, after in zip(told, [*told[1:], None][: len(told)], strict=True)
            if not (step.passing and after is not None and after.passing and after.text == step.text)
        ]
        assert [each for each in got if each["id"] == name] == [message(step) for step in kept]


def test_a_client_that_does_not_read_costs_no_memory() -> None:
    many = [Step("Downloading", f"layer{number % 3}", True, number + 1, 10_000) for number in range(9_000)]
    assert heard(many) == [message(step) for step in many[-3:]]


def test_from_many_threads_and_with_an_error_at_the_end() -> None:
    async def scene() -> int:
        telling = Telling()

        def work(number: int) -> None:
            for count in range(50):
                telling.say(Step(f"{number}-{count}"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        count = 0
        with pytest.raises(NotFound, match="gone"):
            async for _ in telling.listen():
                count += 1
                if count == 200:
                    telling.end(NotFound("gone"))
        for thread in threads:
            thread.join()
        return count

    assert asyncio.run(scene()) == 200


def test_the_shape_is_dockers() -> None:
    assert message(Step("Pulling from x", "latest")) == {"status": "Pulling from x", "id": "latest"}
    assert message(Step("Digest: d")) == {"status": "Digest: d"}
    assert message(Step("Waiting", "ab", True)) == {"status": "Waiting", "progressDetail": {}, "id": "ab"}
    assert message(Step("Downloading", "ab", True, 3679, 10240)) == {
        "status": "Downloading",
        "progressDetail": {"current": 3679, "total": 10240},
        "progress": "[=================>                                 ]  3.679kB/10.24kB",
        "id": "ab",
    }


def test_figures_come_now_and_then_and_at_the_end() -> None:
    told: list[Step] = []
    figures = Figures(told.append, "ab", "Downloading", 1_000_000)
    for done in range(1000, 1_000_001, 1000):
        figures.reach(done)
    assert told[-1].done == 1_000_000
    assert len(told) < 500
