"""The state database: whole transactions, old state under new code, newer state refused."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from boxship.lib.errors import BoxshipError
from boxship.storage.database import MIGRATIONS, Database


def insert(database: Database, name: str) -> None:
    database.write(
        lambda connection: connection.execute("INSERT INTO containers VALUES (?, ?, ?)", (name, name, b"{}"))
    )


def names(database: Database) -> list[str]:
    rows = database.read(lambda connection: connection.execute("SELECT name FROM containers ORDER BY name").fetchall())
    return [row[0] for row in rows]


def test_what_was_written_is_there_after_a_kill(tmp_path: Path) -> None:
    """A transaction that returned survives a SIGKILL right after it; one that was under way leaves nothing."""
    program = """
import os, signal, sys
from pathlib import Path
from boxship.storage.database import Database
database = Database(Path(sys.argv[1]))
put = "INSERT INTO containers VALUES (?, ?, ?)"
database.write(lambda connection: connection.execute(put, ("kept", "kept", b"{}")))
def half(connection):
    connection.execute(put, ("lost", "lost", b"{}"))
    os.kill(os.getpid(), signal.SIGKILL)
database.write(half)
"""
    path = tmp_path / "state.db"
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False, env=os.environ)
    assert ended.returncode == -signal.SIGKILL
    assert names(Database(path)) == ["kept"]


def test_a_failed_write_is_undone_whole(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")
    insert(database, "a")

    def twice(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO containers VALUES ('b', 'b', x'')")
        connection.execute("INSERT INTO containers VALUES ('c', 'a', x'')")

    with pytest.raises(sqlite3.IntegrityError):
        database.write(twice)
    assert names(database) == ["a"]


def test_an_older_schema_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old = Database(path)
    insert(old, "a")
    old.close()
    newer = (*MIGRATIONS, "CREATE TABLE later (x TEXT); INSERT INTO later SELECT name FROM containers;")
    opened = Database(path, newer)
    assert opened.read(lambda connection: connection.execute("SELECT x FROM later").fetchall()) == [("a",)]
    opened.close()
    assert names(Database(path, newer)) == ["a"]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old = Database(path)
    insert(old, "a")
    old.close()
    with pytest.raises(sqlite3.Error):
        Database(path, (*MIGRATIONS, "CREATE TABLE later (x TEXT); INSERT INTO nowhere VALUES (1);"))
    again = Database(path)
    assert names(again) == ["a"]
    tables = again.read(lambda connection: connection.execute("SELECT name FROM sqlite_master").fetchall())
    assert ("later",) not in tables


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Database(path, (*MIGRATIONS, "CREATE TABLE later (x TEXT);")).close()
    with pytest.raises(BoxshipError, match="written by a newer Boxship"):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1


def test_writes_of_many_threads_are_all_there(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")
    threads = [
        threading.Thread(target=lambda base=base: [insert(database, f"{base}-{n}") for n in range(20)])  # type: ignore[misc]
        for base in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 120
