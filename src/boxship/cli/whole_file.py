"""`-o FILE`: a file that appears under its name when it is whole, and not at all otherwise."""

import os
import stat

from boxship.cli.context import CliError
from boxship.cli.options.files import go_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class WholeFile:
    """Written beside its place, and moved there at the end of the `with`. CliError, which begins with `failure`."""

    def __init__(self, path: str, failure: str) -> None:
        self._failure = failure
        self._path = path
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder):
            raise CliError(f"{failure}: invalid output path: stat {folder}: no such file or directory")
        try:
            mode = os.stat(path).st_mode
        except OSError:
            mode = stat.S_IFREG
        if stat.S_ISDIR(mode):
            raise CliError(f"{failure}: invalid output path: cannot write to a directory")
        self._beside = f"{folder}/.tmp-{os.path.basename(path)}{os.getpid()}"
        try:
            self._fd = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CliError(f"{failure}: open {self._beside}: {go_error(error)}") from None

    def __enter__(self) -> "WholeFile":
        return self

    def write(self, data: bytes) -> None:
        """Write all of it. CliError."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise CliError(f"{self._failure}: write {self._beside}: {go_error(error)}") from None

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        os.close(self._fd)
        if kind is None:
            os.rename(self._beside, self._path)
        else:
            os.unlink(self._beside)
