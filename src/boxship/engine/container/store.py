"""Containers in the state database, many changes in one commit where they come together."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial

import msgspec

from boxship.lib.bridge import quick
from boxship.model.container import ContainerRecord
from boxship.storage.database import Database

Change = Callable[[sqlite3.Connection], object]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ContainerRecord).decode


class ContainerStore:
    """Belongs to the event loop; a call returns when its change is durable.

    Changes that come while a commit is under way wait together and go in the next one: fifty starts at once
    cost a handful of commits.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Change, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    def load(self) -> list[ContainerRecord]:
        """All records, the oldest first (blocks: called once, before anything is served)."""
        rows = self._database.read(lambda c: c.execute("SELECT record FROM containers").fetchall())
        return sorted((_decode(row[0]) for row in rows), key=lambda record: record.created_ns)

    async def add(self, record: ContainerRecord) -> None:
        """Insert the record of a new container."""
        data = _encode(record)
        statement = "INSERT INTO containers (id, name, record) VALUES (?, ?, ?)"
        await self._change(lambda c: c.execute(statement, (record.id, record.name, data)))

    async def save(self, record: ContainerRecord) -> None:
        """Replace one record. Nothing to do when it has been deleted: an exit that is noted beside a removal must not
        bring the container back.
        """
        data = _encode(record)
        statement = "UPDATE containers SET name = ?, record = ? WHERE id = ?"
        await self._change(lambda c: c.execute(statement, (record.name, data, record.id)))

    async def delete(self, container_id: str) -> None:
        """Forget one record; nothing to do when it is not there."""
        await self._change(lambda c: c.execute("DELETE FROM containers WHERE id = ?", (container_id,)))

    async def _change(self, change: Change) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((change, done))
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        # A caller that is cancelled (its client has gone) must not undo what is written already.
        await asyncio.shield(done)

    async def _write(self) -> None:
        try:
            while batch := self._waiting:
                self._waiting = []
                try:
                    await quick(self._database.write, partial(_run, [change for change, _ in batch]))
                except sqlite3.Error as error:
                    if len(batch) > 1:
                        # One bad change must not take its neighbours with it.
                        await self._one_by_one(batch)
                    else:
                        batch[0][1].set_exception(error)
                else:
                    for _, done in batch:
                        done.set_result(None)
        finally:
            self._writer = None

    async def _one_by_one(self, batch: "list[tuple[Change, asyncio.Future[None]]]") -> None:
        for change, done in batch:
            try:
                await quick(self._database.write, partial(_run, [change]))
            except sqlite3.Error as error:
                done.set_exception(error)
            else:
                done.set_result(None)


def _run(changes: list[Change], connection: sqlite3.Connection) -> None:
    for change in changes:
        change(connection)
