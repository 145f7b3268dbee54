"""The execs of one daemon, found by id. They live in memory: a restarted daemon learns them from the monitors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from boxship.lib.clock import now_ns
from boxship.lib.errors import NotFound
from boxship.model.container import ExecConfig

if TYPE_CHECKING:
    from boxship.engine.container.register import Container

KEPT_NS = 300_000_000_000
"""How long the exit code of an exec can be asked for."""


class Exec:
    """One exec: made, then perhaps running, then ended. exit_code is None until it has ended or failed to start.

    starting: the monitor was asked to run it and has not answered yet; early_exit: it has ended in that time.
    kept: its monitor remembers how it ended; on_end is called when it has.
    """

    def __init__(
        self, exec_id: str, container: "Container", config: ExecConfig, detach_keys: bytes, *, kept: bool = True
    ) -> None:
        self.id = exec_id
        self.container = container
        self.config = config
        self.detach_keys = detach_keys
        self.started = False
        self.starting = False
        self.early_exit: int | None = None
        self.running = False
        self.pid = 0
        self.exit_code: int | None = None
        self.ended_ns = 0
        self.size: tuple[int, int] | None = None
        self.kept = kept
        self.on_end: Callable[[], None] = lambda: None

    @property
    def ended(self) -> bool:
        return self.exit_code is not None

    def end(self, code: int) -> None:
        self.running = False
        self.exit_code = code
        self.ended_ns = now_ns()
        self.on_end()


class Execs:
    """All execs by id; an ended one is forgotten some minutes later or with its container's run."""

    def __init__(self) -> None:
        self._by_id: dict[str, Exec] = {}
        self._next_sweep_ns = 0

    def add(self, exec: Exec) -> None:
        self._sweep()
        self._by_id[exec.id] = exec
        exec.container.execs[exec.id] = exec

    def get(self, exec_id: str) -> Exec:
        """NotFound for an id that is not there; no prefixes, as in Docker."""
        try:
            return self._by_id[exec_id]
        except KeyError:
            raise NotFound(f"No such exec instance: {exec_id}") from None

    def forget(self, exec_id: str) -> None:
        """Remove an exec from the register (its container's own list is the caller's)."""
        self._by_id.pop(exec_id, None)

    def drop(self, exec: Exec) -> None:
        """Remove an exec everywhere."""
        self.forget(exec.id)
        exec.container.execs.pop(exec.id, None)
        if exec.container.monitor is not None:
            exec.container.monitor.forget_exec(exec.id)

    def _sweep(self) -> None:
        """Drop what ended long ago; looks at all of them at most once in a while."""
        now = now_ns()
        if now < self._next_sweep_ns:
            return
        self._next_sweep_ns = now + KEPT_NS // 5
        for exec in [e for e in self._by_id.values() if e.ended and e.ended_ns < now - KEPT_NS]:
            self.drop(exec)
