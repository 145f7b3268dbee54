"""How `docker cp` reads paths: what a slash or `/.` at the end says, what is renamed on the way. Pure."""

import posixpath

from boxship.cli.context import CliError


class Info:
    """One side of a copy. rebase: the name that the archive's first part is to have, "" for the path's own."""

    __slots__ = ("exists", "folder", "path", "rebase")

    def __init__(self, path: str, *, exists: bool = False, folder: bool = False, rebase: str = "") -> None:
        self.path = path
        self.exists = exists
        self.folder = folder
        self.rebase = rebase


def split_argument(text: str) -> tuple[str, str]:
    """The container, "" for none, and the path: `NAME:PATH`, while `/a:b` and `./a:b` are files here."""
    if text.startswith("/"):
        return "", text
    name, colon, path = text.partition(":")
    if not colon or name.startswith("."):
        return "", text
    return name, path


def clean(path: str) -> str:
    """Go's filepath.Clean."""
    result = posixpath.normpath(path or ".")
    return "/" + result.lstrip("/") if result.startswith("/") else result


def means_content(path: str) -> bool:
    """Whether a path names what a folder holds: it ends in `.`."""
    return path.rpartition("/")[2] == "."


def means_folder(path: str) -> bool:
    """Whether a path can only be a folder."""
    return path.endswith("/") or means_content(path)


def keep_end(cleaned: str, original: str) -> str:
    """A cleaned path with the slash or `/.` that the original ends with."""
    if means_content(original) and not means_content(cleaned):
        cleaned = cleaned.rstrip("/") + "/."
    if original.endswith("/") and not cleaned.endswith("/"):
        cleaned += "/"
    return cleaned


def split_entry(path: str) -> tuple[str, str]:
    """The folder and the entry in it: of `/a/b/.` they are `/a/b` and `.`, of `/` the two are `/`."""
    cleaned = clean(path)
    if means_content(path):
        cleaned = cleaned.rstrip("/") + "/."
    folder, _, name = cleaned.rpartition("/")
    if not name:
        return "/", "/"
    if not folder:
        return ("/" if cleaned.startswith("/") else "."), name
    return folder, name


def last(path: str) -> str:
    """Go's filepath.Base."""
    return path.rstrip("/").rpartition("/")[2] or ("/" if path else ".")


def rebased(path: str, resolved: str) -> tuple[str, str]:
    """Where a followed link leads, with the end of the path, and the name that the person used for it if it differs."""
    if means_content(path) and not means_content(resolved):
        resolved = resolved.rstrip("/") + "/."
    if path.endswith("/") and not resolved.endswith("/"):
        resolved += "/"
    return resolved, last(path) if last(path) != last(resolved) else ""


def arrange(source: Info, target: Info) -> tuple[str, str, str]:
    """(the folder to extract into, the first part of the archive's names, what it becomes).

    CliError where the two don't fit.
    """
    folder, name = split_entry(target.path)
    first = source.rebase or split_entry(source.path)[1]
    if target.exists and target.folder:
        return target.path, first, first
    if target.exists and source.folder:
        raise CliError("cannot copy directory")
    if not target.exists and not source.folder and means_folder(target.path):
        raise CliError("no such directory")
    return folder, first, name


class Renamer:
    """Gives the names in an archive that begin with `old` the beginning `new`."""

    __slots__ = ("_new", "_old")

    def __init__(self, old: str, new: str) -> None:
        # The root's entries all begin with a slash, which stays.
        self._old = b"" if old == "/" else old.encode("utf-8", "surrogateescape")
        self._new = b"" if new == "/" else new.encode("utf-8", "surrogateescape")

    def __call__(self, name: bytes) -> bytes:
        if self._old == self._new:
            return name
        return name.replace(self._old, self._new, 1)
