"""The engine: the context that every verb gets."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from boxship.engine.config import EngineConfig
from boxship.engine.container.register import Containers
from boxship.engine.container.store import ContainerStore
from boxship.engine.events import EventBus
from boxship.engine.exec.register import Execs
from boxship.engine.network.register import Networks
from boxship.engine.network.store import NetworkStore
from boxship.image.store import ImageStore
from boxship.network.dns.process import DnsProcess
from boxship.network.host import HostNetwork
from boxship.runtime.launch import Launcher
from boxship.runtime.spec import HostFeatures
from boxship.storage.database import Database
from boxship.storage.logs.watch import LogWatcher
from boxship.storage.snapshot.base import Snapshotter

T = TypeVar("T")


class Engine:
    """Holds what the verbs work with; has no behaviour of its own beyond keeping its tasks alive.

    Belongs to one event loop. filters: compiled seccomp filters by profile. closing: the daemon has been told to
    end, nothing restarts any more. pruning_images: one is under way, and there is one at a time.
    """

    def __init__(
        self,
        *,
        config: EngineConfig,
        database: Database,
        images: ImageStore,
        snapshotter: Snapshotter,
        launcher: Launcher,
        host: HostFeatures,
    ) -> None:
        self.config = config
        self.database = database
        self.images = images
        self.snapshotter = snapshotter
        self.launcher = launcher
        self.host = host
        self.events = EventBus()
        self.containers = Containers(ContainerStore(database))
        self.networks = Networks(NetworkStore(database), HostNetwork(config.instance), DnsProcess(config.run_root))
        self.execs = Execs()
        self.filters: dict[bytes, str] = {}
        self.closing = False
        self.pruning_images = False
        self._log_watcher: LogWatcher | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._whole: set[asyncio.Task[Any]] = set()

    def log_watcher(self) -> LogWatcher:
        """The one watcher of all followed logs, made when the first one is followed. OSError."""
        if self._log_watcher is None:
            self._log_watcher = LogWatcher()
            asyncio.get_running_loop().add_reader(self._log_watcher.fd, self._log_watcher.dispatch)
        return self._log_watcher

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside everything else until the engine closes; a failure reaches the loop's handler."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background_ended)
        return task

    async def whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end, also when whoever waits for it is cancelled (a client that hangs up) or the
        engine closes meanwhile.
        """
        return await asyncio.shield(self.linger(work))

    def linger(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run `work` to its end beside everything else; the caller looks at its result, if anyone does."""
        task = asyncio.get_running_loop().create_task(work)
        self._whole.add(task)
        task.add_done_callback(self._whole.discard)
        return task

    def _background_ended(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": f"a task of the engine failed: {error}", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    async def close(self) -> None:
        """Finish what is under way and end the engine's own tasks; containers go on running."""
        self.closing = True
        if self._whole:
            await asyncio.wait(tuple(self._whole), timeout=self.config.close_wait)
        tasks = tuple(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._whole:
            # What those have left: a health check's command is killed.
            await asyncio.wait(tuple(self._whole), timeout=self.config.close_wait)
        if self._log_watcher is not None:
            asyncio.get_running_loop().remove_reader(self._log_watcher.fd)
            self._log_watcher.close()
            self._log_watcher = None
