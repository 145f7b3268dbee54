"""Networks in the state database. Blocks; any thread may call."""

import sqlite3

import msgspec

from boxship.model.network import NetworkRecord
from boxship.storage.database import Database

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(NetworkRecord).decode


class NetworkStore:
    """A call returns when its change is durable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> list[NetworkRecord]:
        """All records, the oldest first."""
        rows = self._database.read(lambda c: c.execute("SELECT record FROM networks").fetchall())
        return sorted((_decode(row[0]) for row in rows), key=lambda record: record.created_ns)

    def save(self, record: NetworkRecord) -> None:
        """Insert or replace one record."""
        data = _encode(record)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO networks VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                (record.id, data),
            )

        self._database.write(write)

    def delete(self, network_id: str) -> None:
        """Forget one record."""
        self._database.write(lambda c: c.execute("DELETE FROM networks WHERE id = ?", (network_id,)))
