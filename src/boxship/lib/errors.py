"""The errors of the house.

A message says what happened, where, and what to do. `server/errors.py` alone maps these classes to HTTP
statuses, `cli` alone turns them into exit codes; nothing else decides either.
"""


class BoxshipError(Exception):
    """Something failed inside the engine (HTTP 500)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidParameter(BoxshipError):
    """The request can't be understood or asks for what does not exist (400)."""


class Unauthorized(BoxshipError):
    """Credentials are missing or wrong (401)."""


class Forbidden(BoxshipError):
    """The request is understood and refused (403)."""


class NotFound(BoxshipError):
    """The named object does not exist (404)."""


class Conflict(BoxshipError):
    """The object's state does not allow it (409)."""


class NotModified(BoxshipError):
    """Nothing to do: the object is already as asked (304)."""


class Throttled(BoxshipError):
    """Somebody has been asked too often and wants to be left alone for a while (429)."""


class Unavailable(BoxshipError):
    """Something needed is not there now (503)."""


class Unsupported(BoxshipError):
    """Docker has it, this engine does not have it yet (501)."""


class StepFailed(BoxshipError):
    """A kernel step failed while a container or a process was set up.

    step: the name of the step, as the plan names it; errno: the kernel's; path: what it worked on, or "".
    """

    def __init__(self, step: str, errno: int, path: str, message: str) -> None:
        super().__init__(message)
        self.step = step
        self.errno = errno
        self.path = path
