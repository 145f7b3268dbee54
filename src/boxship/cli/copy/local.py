"""The side of a copy that is on this machine: sources, destinations, reading and writing archives of them."""

import os
import stat
from errno import ELOOP, EPIPE

from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError
from boxship.archive.extract import KEEP, Rules, extract
from boxship.archive.pack import Packer
from boxship.archive.plain import PlainFolders
from boxship.archive.reader import TarReader
from boxship.cli.context import CliError
from boxship.cli.copy import paths
from boxship.cli.copy.paths import Info
from boxship.cli.options.files import go_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_LINKS = 10
_PIECE = 1 << 18


def absolute(path: str) -> str:
    """The path from the root, with its end as it was. CliError when this folder is gone."""
    try:
        return paths.keep_end(paths.clean(os.path.abspath(path)), path)
    except OSError as error:
        raise CliError(f"getwd: {go_error(error)}") from None


def source(path: str, follow: bool) -> Info:
    """What is to be copied. Links on the way are followed, one at the end only if asked. CliError."""
    rebase = ""
    try:
        if follow:
            resolved, rebase = paths.rebased(path, os.path.realpath(path, strict=True))
        else:
            folder, _, name = path.rpartition("/")
            resolved = os.path.realpath(folder or "/", strict=True) + "/" + name
            if path.endswith("/") and paths.last(path) != paths.last(resolved):
                rebase = paths.last(path)
    except OSError as error:
        raise CliError(_failed("lstat", error, os.fsdecode(error.filename or path))) from None
    resolved = "/" + resolved.lstrip("/")
    try:
        status = os.lstat(resolved)
    except OSError as error:
        raise CliError(_failed("lstat", error, resolved)) from None
    return Info(resolved, exists=True, folder=stat.S_ISDIR(status.st_mode), rebase=rebase)


def destination(path: str) -> Info:
    """Where a copy goes; a link there is followed, to what is not there too. CliError."""
    original = path
    for _ in range(_MOST_LINKS + 2):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return _missing(path)
        except OSError as error:
            raise CliError(_failed("lstat", error, path)) from None
        if not stat.S_ISLNK(status.st_mode):
            return Info(path, exists=True, folder=stat.S_ISDIR(status.st_mode))
        target = os.readlink(path)
        path = paths.clean(target if target.startswith("/") else f"{paths.split_entry(path)[0]}/{target}")
    raise CliError(f"too many symlinks in {original}")


def _missing(path: str) -> Info:
    parent = paths.split_entry(path)[0]
    try:
        status = os.stat(parent)
    except OSError as error:
        raise CliError(_failed("stat", error, parent)) from None
    if not stat.S_ISDIR(status.st_mode):
        raise CliError("not a directory")
    return Info(path)


def check_output(path: str) -> None:
    """Refuse what can be no output, as Docker words it. CliError."""
    folder = os.path.dirname(paths.clean(path))
    if folder and not os.path.exists(folder):
        raise CliError(f'invalid output path: directory "{folder}" does not exist')
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise CliError(_failed("stat", error, path)) from None
    reason = kind_fault(_device(mode), False)
    if reason:
        raise CliError(f'invalid output path: "{path}" must be a directory or a regular file: {reason}')


def _device(mode: int) -> bool:
    return stat.S_ISBLK(mode) or stat.S_ISCHR(mode)


def kind_fault(device: bool, irregular: bool) -> str:
    """What is wrong with a kind of file as a destination, "" when nothing is."""
    if device:
        return "got a device"
    return "got an irregular file" if irregular else ""


def archive(info: Info, name: str, failed: "Callable[[Exception], None]") -> "Iterator[bytes]":
    """The tar archive of a source under a name, piece by piece; a thread makes it. `failed` hears of its error."""
    import _thread

    ours, theirs = os.pipe()

    def make() -> None:
        try:
            try:
                _pack(info, name, theirs)
            finally:
                os.close(theirs)
        except (OSError, ArchiveError) as error:
            if not (isinstance(error, OSError) and error.errno == EPIPE):
                failed(error)

    _thread.start_new_thread(make, ())
    try:
        while data := os.read(ours, _PIECE):
            yield data
    finally:
        os.close(ours)


def _pack(info: Info, name: str, out: int) -> None:
    folder, entry = paths.split_entry(info.path)
    packer = Packer(out)
    called = os.fsencode(name)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    if entry in (".", "/"):
        packer.folder(os.open(folder, flags), called)
    else:
        parent = os.open(folder, flags)
        try:
            packer.member(parent, os.fsencode(entry), called)
        finally:
            os.close(parent)
    packer.end()


def unpack(pieces: "Iterator[bytes]", folder: str, rename: "Callable[[bytes], bytes]") -> None:
    """Extract an archive into a folder; everything belongs to whoever does it. CliError."""
    rules = Rules(owner=KEEP, keep_kinds=True, rename=rename)
    stream = Inflated(_reading(pieces))
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            extract(TarReader(stream.read), PlainFolders(root), os.fsencode(folder.rstrip("/") or "/"), rules)
        finally:
            os.close(root)
    except ArchiveError as error:
        raise CliError(error.message) from None
    except OSError as error:
        raise CliError(f"{os.fsdecode(error.filename or folder)}: {go_error(error)}") from None
    # What stands behind the archive's end: the answer is read to its end, and so is known to be whole.
    for _ in pieces:
        pass


def _reading(pieces: "Iterator[bytes]") -> "Callable[[int], bytes]":
    rest = b""

    def read(size: int) -> bytes:
        nonlocal rest
        data = rest or next(pieces, b"")
        rest = data[size:]
        return data[:size]

    return read


def _failed(call: str, error: OSError, path: str) -> str:
    if isinstance(error, NotADirectoryError):
        return "not a directory"
    if error.errno == ELOOP:
        return f"{call} {path}: too many levels of symbolic links"
    return f"{call} {path}: {go_error(error)}"
