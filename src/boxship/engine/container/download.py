"""An archive that a worker writes into a pipe, on its way to a client."""

from collections.abc import Awaitable, Callable

from boxship.runtime.launch.ready import PipeReader


class Download:
    """What there is to send: `first`, then what is in the pipe `fd` as long as `ready` says so, then `finish`.

    An archive is whole when `finish` returns; it raises the worker's error.
    """

    def __init__(self, first: bytes, reader: PipeReader, finish: Callable[[], Awaitable[object]]) -> None:
        self.first = first
        self._reader = reader
        self._finish = finish

    @property
    def fd(self) -> int:
        """The pipe; it stays the download's."""
        return self._reader.fd

    async def ready(self) -> int:
        """Wait until there is something in the pipe: how many bytes, 0 at its end."""
        return await self._reader.ready()

    async def finish(self) -> None:
        """The end of the pipe is the end of the archive only when the worker says so. BoxshipError when it does not."""
        await self._finish()
