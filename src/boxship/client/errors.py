"""What can go wrong between a client and its engine."""

from boxship.lib.errors import BoxshipError


class DaemonError(BoxshipError):
    """The engine refused. status: the HTTP status; message: the engine's own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(BoxshipError):
    """No engine answers at the address. errno: the kernel's, 0 where the name or the protocol was the trouble."""

    def __init__(self, url: str, errno: int, message: str) -> None:
        super().__init__(message)
        self.url = url
        self.errno = errno
