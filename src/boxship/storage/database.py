"""The state database: what must survive, in SQLite (WAL, synchronous=FULL).

Any thread may call it; writes are taken one at a time. A table belongs to one module, which registers its
schema here with `migrations` steps; an older database is brought forward at open, a newer one is refused.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from boxship.lib.errors import BoxshipError

T = TypeVar("T")

# One entry a version; entry n brings version n to n + 1. Never edit an entry that has been released: add one.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE containers (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record BLOB NOT NULL);
    CREATE TABLE images (id TEXT PRIMARY KEY, record BLOB NOT NULL);
    CREATE TABLE tags (reference TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images (id));
    CREATE INDEX tags_of_image ON tags (image);
    """,
    # Where layers came from (image/sources.py): a registry knows them by the digests of its compressed blobs.
    """
    CREATE TABLE blobs (
        diff_id TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
        media_type TEXT NOT NULL, PRIMARY KEY (diff_id, repository, digest)
    );
    """,
    "CREATE TABLE networks (id TEXT PRIMARY KEY, record BLOB NOT NULL);",
)


class Database:
    """One SQLite file; `read` and `write` run a function on its connection."""

    def __init__(self, path: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
        """Open or create the database at `path`. BoxshipError when a newer Boxship wrote it."""
        self._lock = threading.RLock()
        # Records hold what people put into environments: nobody else reads them. SQLite gives the mode to its other
        # files (-wal, -shm), too.
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(fd, 0o600)
        finally:
            os.close(fd)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(migrations):
            self._connection.close()
            raise BoxshipError(
                f"{path} was written by a newer Boxship (schema {version}, this one knows {len(migrations)}); "
                "install that version again, or start with another --data-root"
            )
        for number in range(version, len(migrations)):
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {migrations[number]}; PRAGMA user_version={number + 1}; COMMIT;"
            )

    def read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run `function` on the connection without a transaction of its own."""
        with self._lock:
            return function(self._connection)

    def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run `function` in one transaction: committed and durable when this returns, undone when it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = function(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            return result

    def close(self) -> None:
        with self._lock:
            self._connection.close()
