"""The containers of one daemon in memory: found by id, by a unique beginning of an id, or by name."""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from boxship.engine.container.store import ContainerStore
from boxship.lib.errors import Conflict, InvalidParameter, NotFound
from boxship.model.container import ContainerRecord, ContainerState

if TYPE_CHECKING:
    from boxship.engine.exec.register import Exec
    from boxship.runtime.launch import Attach, Monitor, Work


class Waiters:
    """Futures that are resolved together; one that its owner gives up is forgotten."""

    def __init__(self) -> None:
        self._futures: set[asyncio.Future[tuple[int, str]]] = set()

    def add(self) -> "asyncio.Future[tuple[int, str]]":
        future: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def resolve(self, code: int, error: str = "") -> None:
        for future in tuple(self._futures):
            if not future.done():
                future.set_result((code, error))


class Copies:
    """The workers that have a container's files. Some hold its root: its overlay may not be mounted once more then."""

    def __init__(self) -> None:
        self._works: dict[Work, bool] = {}
        self._none = asyncio.Event()
        self._none.set()

    def add(self, work: "Work", holds_root: bool) -> None:
        self._works[work] = holds_root
        if holds_root:
            self._none.clear()

    def discard(self, work: "Work") -> None:
        self._works.pop(work, None)
        if not self:
            self._none.set()

    def __bool__(self) -> bool:
        """Whether any holds the root."""
        return any(self._works.values())

    async def finished(self) -> None:
        """Wait until none holds the root."""
        await self._none.wait()

    def end(self) -> None:
        """End them in mid-work; whoever waits for them is told."""
        for work in tuple(self._works):
            work.end()
            self.discard(work)


class Container:
    """One container: its durable record and what lives only as long as the daemon.

    lock orders start, exit and removal. exits resolve at the next exit, removed when the container is gone.
    pending: clients that attached before the start. size: the terminal's height and width, when a client has said
    it. retry: the pause before the next try of a restart policy. no_restart: a person ended this run.
    leaving: the end of the former run's monitor. keep: `restart` is under way, an --rm container stays.
    filter_program: the compiled seccomp filter of this run, None when it has to be looked up.
    copies: workers that have its files: a start waits for those that hold the root, a removal ends them all.
    checks: its health checks. starting: a start is under way. stopping: `stop` waits for the exit. removing: a
    removal is under way.
    """

    def __init__(self, record: ContainerRecord) -> None:
        self.record = record
        self.lock = asyncio.Lock()
        self.monitor: Monitor | None = None
        self.exits = Waiters()
        self.removed = Waiters()
        self.pending: list[Attach] = []
        self.size: tuple[int, int] | None = None
        self.execs: dict[str, Exec] = {}
        self.backoff_ns = 0
        self.retry: asyncio.Task[None] | None = None
        self.no_restart = False
        self.leaving: asyncio.Task[None] | None = None
        self.filter_program: str | None = None
        self.copies = Copies()
        self.keep = False
        self.checks: asyncio.Task[None] | None = None
        self.starting = False
        self.stopping = False
        self.removing = False

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def state(self) -> ContainerState:
        return self.record.state

    @property
    def running(self) -> bool:
        """Whether a process runs now."""
        return self.state.phase == "running"

    @property
    def paused(self) -> bool:
        """Whether its processes are frozen."""
        return self.state.paused

    @property
    def active(self) -> bool:
        """Running as Docker's API understands it: also between two tries of a restart policy."""
        return self.state.phase in ("running", "restarting")

    async def settled(self) -> None:
        """Wait for a start that is under way: its process may run, and be seen, before that is recorded."""
        if self.starting:
            async with self.lock:
                pass

    def set_state(self, state: ContainerState) -> None:
        self.record = msgspec.structs.replace(self.record, state=state)

    def drop_pending(self) -> None:
        """Let go of the clients that wait for a start that does not come."""
        pending, self.pending = self.pending, []
        for sock, _, _ in pending:
            sock.close()


class Containers:
    """The register. All methods run on the event loop and only `add`, `save` and `forget` wait.

    levels: SELinux levels of containers that are being made.
    """

    def __init__(self, store: ContainerStore) -> None:
        self._store = store
        self._by_id: dict[str, Container] = {}
        self._by_name: dict[str, str] = {}
        self._ids: list[str] = []
        self.levels: set[str] = set()

    def load(self) -> None:
        """Read all records (blocks; once, at boot)."""
        for record in self._store.load():
            self._insert(Container(record))

    def __iter__(self) -> Iterator[Container]:
        """Oldest first; safe against changes while iterating."""
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, ref: str) -> Container:
        """By full id, by name (with or without slash), then by a beginning of an id that only one has.

        NotFound "No such container: x"; InvalidParameter when several ids begin so.
        """
        if (container := self._by_id.get(ref)) is not None:
            return container
        if (named := self._by_name.get(ref.removeprefix("/"))) is not None and named in self._by_id:
            return self._by_id[named]
        at = bisect_left(self._ids, ref)
        if ref and at < len(self._ids) and self._ids[at].startswith(ref):
            if at + 1 < len(self._ids) and self._ids[at + 1].startswith(ref):
                raise InvalidParameter(f"multiple IDs found with provided prefix: {ref}")
            return self._by_id[self._ids[at]]
        raise NotFound(f"No such container: {ref}")

    def reserve(self, name: str, container_id: str) -> None:
        """Take a name for a container that is about to be made. Conflict when it is taken."""
        if (holder := self._by_name.get(name)) is not None:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )
        self._by_name[name] = container_id

    def release(self, name: str, container_id: str) -> None:
        """Give a name back, unless another container has it by now."""
        if self._by_name.get(name) == container_id:
            del self._by_name[name]

    async def add(self, record: ContainerRecord) -> Container:
        """Make a new container known, durably. Its name must be reserved."""
        await self._store.add(record)
        container = Container(record)
        self._insert(container)
        return container

    async def save(self, container: Container) -> None:
        """Make the container's present record durable."""
        await self._store.save(container.record)

    async def forget(self, container: Container) -> None:
        """Remove a container from the register, durably: its id and name are free when this returns."""
        await self._store.delete(container.id)
        if self._by_id.pop(container.id, None) is not None:
            del self._ids[bisect_left(self._ids, container.id)]
        self.release(container.name, container.id)

    def _insert(self, container: Container) -> None:
        self._by_id[container.id] = container
        self._by_name[container.name] = container.id
        insort(self._ids, container.id)
