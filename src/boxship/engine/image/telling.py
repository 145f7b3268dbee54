"""Steps of a pull or a push on their way from its threads to the client."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

from boxship.engine.image.progress import progress_bar
from boxship.image.pull.steps import Step

Message = dict[str, Any]


class Telling:
    """Any thread tells; one coroutine of the loop that made it listens.

    A figure of a layer that nobody has taken yet is replaced by the next: a client that reads slowly, or not at all,
    costs no memory.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._lock = threading.Lock()
        self._steps: list[Step | Message] = []
        self._figures: dict[str, int] = {}
        self._ended = False
        self._error: BaseException | None = None

    def say(self, step: Step | Message) -> None:
        """One thing more. A message is told as it is."""
        with self._lock:
            if isinstance(step, dict):
                self._steps.append(step)
                self._loop.call_soon_threadsafe(self._news.set)
                return
            place = self._figures.get(step.id) if step.layer else None
            known = self._steps[place] if place is not None else None
            if place is not None and isinstance(known, Step) and step.passing and known.text == step.text:
                self._steps[place] = step
                return
            if step.passing:
                self._figures[step.id] = len(self._steps)
            elif step.layer:
                self._figures.pop(step.id, None)
            self._steps.append(step)
        self._loop.call_soon_threadsafe(self._news.set)

    def end(self, error: BaseException | None = None) -> None:
        """There will be no more; `listen` ends, or raises the error."""
        with self._lock:
            self._ended, self._error = True, error
        self._loop.call_soon_threadsafe(self._news.set)

    async def listen(self) -> AsyncIterator[Message]:
        """All that is told, as Docker's messages, until the end of it."""
        while True:
            await self._news.wait()
            self._news.clear()
            with self._lock:
                steps, self._steps = self._steps, []
                self._figures.clear()
                ended = self._ended
            for step in steps:
                yield step if isinstance(step, dict) else message(step)
            if ended:
                if self._error is not None:
                    raise self._error
                return


def message(step: Step) -> Message:
    """A step as Docker's API has it (API 1.51, POST /images/create)."""
    told: Message = {"status": step.text}
    if step.layer:
        told["progressDetail"] = {}
        if step.done or step.total:
            told["progressDetail"] = {"current": step.done, "total": step.total}
            told["progress"] = progress_bar(step.done, step.total)
    if step.id:
        told["id"] = step.id
    return told
