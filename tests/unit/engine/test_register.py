"""The register of containers and its store, over a real database."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.engine.container.register import Container, Containers, Waiters
from boxship.engine.container.store import ContainerStore
from boxship.lib.errors import Conflict, InvalidParameter, NotFound
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import ContainerRecord, ContainerState
from boxship.storage.database import Database

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def record(container_id: str, name: str, created_ns: int = 1) -> ContainerRecord:
    return ContainerRecord(
        id=container_id,
        name=name,
        created_ns=created_ns,
        image_id="sha256:00",
        diff_ids=["sha256:01"],
        image_size=3,
        config=ContainerConfig(cmd=["true"], labels={"a": "b"}),
        host=HostConfig(binds=["/a:/b"]),
        networks=["none"],
    )


async def _add(containers: Containers, made: ContainerRecord) -> Container:
    containers.reserve(made.name, made.id)
    return await containers.add(made)


def test_found_by_id_name_and_beginning(tmp_path: Path) -> None:
    async def scene() -> None:
        containers = Containers(ContainerStore(Database(tmp_path / "state.db")))
        first = await _add(containers, record("ab" + "0" * 62, "one"))
        second = await _add(containers, record("ac" + "0" * 62, "two"))
        named_like_an_id = await _add(containers, record("ff" + "0" * 62, "ab"))
        assert containers.get(first.id) is first
        assert containers.get("one") is first
        assert containers.get("/two") is second
        assert containers.get("ac") is second
        assert containers.get("ab0") is first
        assert containers.get("ab") is named_like_an_id
        for missing in ("", "a0", "abc", "x", "/", "on"):
            with pytest.raises(NotFound, match=rf"^No such container: {missing}$"):
                containers.get(missing)
        with pytest.raises(InvalidParameter, match=r"^multiple IDs found with provided prefix: a$"):
            containers.get("a")

    run(scene())


def test_a_name_belongs_to_one(tmp_path: Path) -> None:
    async def scene() -> None:
        containers = Containers(ContainerStore(Database(tmp_path / "state.db")))
        first = await _add(containers, record("a" * 64, "web"))
        with pytest.raises(Conflict) as caught:
            containers.reserve("web", "b" * 64)
        assert caught.value.message == (
            f'Conflict. The container name "/web" is already in use by container "{first.id}". '
            "You have to remove (or rename) that container to be able to reuse that name."
        )
        await containers.forget(first)
        await _add(containers, record("b" * 64, "web"))
        assert len(containers) == 1

    run(scene())


def test_records_come_back(tmp_path: Path) -> None:
    async def scene() -> None:
        store = ContainerStore(Database(tmp_path / "state.db"))
        containers = Containers(store)
        await _add(containers, record("b" * 64, "young", created_ns=9))
        old = await _add(containers, record("c" * 64, "old", created_ns=5))
        gone = await _add(containers, record("d" * 64, "gone"))
        old.set_state(ContainerState(phase="exited", exit_code=3, finished_ns=7))
        await containers.save(old)
        await containers.forget(gone)

        again = Containers(ContainerStore(Database(tmp_path / "state.db")))
        again.load()
        assert [container.record for container in again] == [old.record, containers.get("young").record]

    run(scene())


def test_a_deleted_record_is_not_brought_back(tmp_path: Path) -> None:
    """An exit may be noted while the container is removed; a row of nobody would hold the name for ever."""

    async def scene() -> None:
        containers = Containers(ContainerStore(Database(tmp_path / "state.db")))
        old = await _add(containers, record("a" * 64, "web"))
        await asyncio.gather(containers.forget(old), containers.save(old))
        await containers.save(old)
        await _add(containers, record("b" * 64, "web"))
        again = Containers(ContainerStore(Database(tmp_path / "state.db")))
        again.load()
        assert [container.id for container in again] == ["b" * 64]

    run(scene())


def test_changes_at_once_share_commits(tmp_path: Path) -> None:
    async def scene() -> None:
        database = Database(tmp_path / "state.db")
        commits = 0
        write = database.write

        def counted(function: Any) -> Any:
            nonlocal commits
            commits += 1
            return write(function)

        database.write = counted  # type: ignore[method-assign]
        store = ContainerStore(database)
        await asyncio.gather(*(store.add(record(f"{n:064x}", f"n{n}")) for n in range(50)))
        assert len(store.load()) == 50
        assert commits < 10

    run(scene())


def test_one_bad_change_spoils_no_other(tmp_path: Path) -> None:
    async def scene() -> None:
        store = ContainerStore(Database(tmp_path / "state.db"))
        await store.add(record("a" * 64, "web"))
        results = await asyncio.gather(
            store.add(record("b" * 64, "x1")),
            store.add(record("c" * 64, "web")),
            store.add(record("d" * 64, "x2")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), sqlite3.IntegrityError, type(None)]
        assert {made.name for made in store.load()} == {"web", "x1", "x2"}

    run(scene())


def test_a_caller_that_gives_up_undoes_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        store = ContainerStore(Database(tmp_path / "state.db"))
        task = asyncio.ensure_future(store.add(record("a" * 64, "web")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.add(record("b" * 64, "other"))
        assert len(store.load()) == 2

    run(scene())


@given(st.sets(st.text("ab01", min_size=4, max_size=4), min_size=1, max_size=12), st.text("ab01", max_size=4))
def test_prefixes(heads: set[str], prefix: str) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:  # SQLite's ":memory:" would be a file of that name for us
            containers = Containers(ContainerStore(Database(Path(folder) / "state.db")))
            for head in heads:
                await _add(containers, record(head.ljust(64, "f"), f"n-{head}"))
            found = {head for head in heads if head.startswith(prefix)}
            if prefix and len(found) == 1:
                assert containers.get(prefix).id.startswith(prefix)
            else:
                with pytest.raises(InvalidParameter if prefix and found else NotFound):
                    containers.get(prefix)

    run(scene())


def test_waiters_are_forgotten_when_given_up() -> None:
    async def scene() -> None:
        waiters = Waiters()
        kept, dropped = waiters.add(), waiters.add()
        dropped.cancel()
        await asyncio.sleep(0)
        waiters.resolve(3, "why")
        assert await kept == (3, "why")
        await asyncio.sleep(0)
        waiters.resolve(4)

    run(scene())


def test_records_are_plain_json() -> None:
    made = record("a" * 64, "web")
    assert msgspec.json.decode(msgspec.json.encode(made), type=ContainerRecord) == made
    assert made.command == ["true"]
