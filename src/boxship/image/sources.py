"""Where a layer's blob came from or went to: what push needs to find that a registry has it already.

A layer is kept as its uncompressed tar. A registry knows it by the digest of a compressed blob, which only the
registry's own bytes give; so what pull and push learned of that is remembered here, for as long as the layer is kept.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from boxship.storage.database import Database


@dataclass(frozen=True, slots=True)
class Source:
    """A blob in a registry that is a layer compressed.

    repository: domain and path, docker.io/library/busybox. digest, size: of the blob as it is there, bytes.
    media_type: as the manifest names it.
    """

    repository: str
    digest: str
    size: int
    media_type: str


class Sources:
    """The table `blobs`. Any thread may call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, diff_id: str) -> list[Source]:
        """The blobs that are known of a layer, the last one learned of first."""
        return self._database.read(
            lambda connection: [
                Source(*row)
                for row in connection.execute(
                    "SELECT repository, digest, size, media_type FROM blobs WHERE diff_id = ? ORDER BY rowid DESC",
                    (diff_id,),
                )
            ]
        )

    def record(self, sources: Iterable[tuple[str, Source]]) -> None:
        """Remember blobs, each with its layer's diff id. Durable when this returns."""
        rows = [(diff_id, s.repository, s.digest, s.size, s.media_type) for diff_id, s in sources]
        if rows:
            self._database.write(lambda connection: put(connection, rows))

    def forget(self, diff_ids: Iterable[str]) -> None:
        """Layers are gone: so is what was known of them."""
        rows = [(diff_id,) for diff_id in diff_ids]
        if rows:
            self._database.write(lambda connection: connection.executemany("DELETE FROM blobs WHERE diff_id = ?", rows))

    def keep_only(self, diff_ids: set[str]) -> None:
        """At start: forget the layers that are not among these."""
        known = self._database.read(
            lambda connection: connection.execute("SELECT DISTINCT diff_id FROM blobs").fetchall()
        )
        self.forget({diff_id for (diff_id,) in known} - diff_ids)

    def forget_blob(self, repository: str, digest: str) -> None:
        """A registry does not have a blob any more."""
        self._database.write(
            lambda connection: connection.execute(
                "DELETE FROM blobs WHERE repository = ? AND digest = ?", (repository, digest)
            )
        )


def put(connection: sqlite3.Connection, rows: Iterable[tuple[str, str, str, int, str]]) -> None:
    """The same as `record` within a transaction; a row is (diff id, repository, digest, size, media type)."""
    connection.executemany("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?)", rows)
