"""--cidfile: where a program that started a container finds its id."""

import os

from boxship.cli.context import CliError
from boxship.cli.options.files import go_error


class CidFile:
    """--cidfile: made before the container, so that no container is made for nothing; gone where none was made."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = -1

    def __enter__(self) -> "CidFile":
        """Make the file. CliError where it is there already, or can't be made."""
        if not self.path:
            return self
        if os.path.lexists(self.path):
            raise CliError(
                f"container ID file found, make sure the other container isn't running or delete {self.path}"
            )
        try:
            self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise CliError(f"failed to create the container ID file: open {self.path}: {go_error(error)}") from None
        return self

    def write(self, identifier: str) -> None:
        """Put the container's id into the file."""
        if self.fd >= 0:
            os.write(self.fd, identifier.encode())

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            if kind is not None:
                os.unlink(self.path)
