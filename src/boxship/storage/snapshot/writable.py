"""The writable layers of containers: what an overlay mount writes to, over whatever lies below.

<container id>/     upper, work, and `layers`: the diff ids below, lowest first
"""

import errno
import os
import threading

from boxship.lib.errors import NotFound
from boxship.storage.removal import Background, Bin, delete
from boxship.storage.snapshot.lines import read_lines, write_lines

# So many files of a container's layer are removed before `rm` answers; more would keep it waiting.
_AT_ONCE = 500
_LAYERS = "layers"


class WritableLayers:
    """The writable layers of one data root; any thread may call."""

    def __init__(self, folder: str, background: Background) -> None:
        """`folder` exists."""
        self._folder = folder
        self._background = background
        self._bin = Bin(folder)
        self._lock = threading.Lock()
        self._known: dict[str, list[str]] = {}

    def prepare(self, container_id: str, diff_ids: list[str]) -> None:
        """Make a container's layer unless it is there. OSError."""
        folder = self.folder(container_id)
        recorded = read_lines(f"{folder}/{_LAYERS}")
        if recorded is None:
            building = self._bin.new_name()
            os.mkdir(building, 0o700)
            for name in ("upper", "work"):
                os.mkdir(f"{building}/{name}")
                os.chmod(f"{building}/{name}", 0o755)  # whatever the umask is: it becomes the container's root
            write_lines(f"{building}/{_LAYERS}", diff_ids)
            try:
                os.rename(building, folder)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                # A start and a copy at once: the other one was faster.
                delete(building)
        elif recorded != diff_ids:
            # Torn by a power cut: it is not synced, as the rest is not.
            write_lines(f"{folder}/{_LAYERS}", diff_ids)
        with self._lock:
            self._known[container_id] = diff_ids

    def layers(self, container_id: str) -> list[str]:
        """The diff ids below a container's layer. NotFound when it has none."""
        with self._lock:
            known = self._known.get(container_id)
        if known is not None:
            return known
        diff_ids = read_lines(f"{self.folder(container_id)}/{_LAYERS}")
        if diff_ids is None:
            raise NotFound(f"container {container_id} has no writable layer yet: it has never been started")
        with self._lock:
            self._known[container_id] = diff_ids
        return diff_ids

    def folder(self, container_id: str) -> str:
        """Where a container's layer lies when it is there."""
        return f"{self._folder}/{container_id}"

    def remove(self, container_id: str) -> None:
        """Remove a container's layer, a big one's files in the background; nothing to do when it is not there."""
        with self._lock:
            self._known.pop(container_id, None)
        gone = self._bin.take(container_id)
        if gone is not None and not delete(gone, _AT_ONCE):
            self._background.delete(gone)

    def containers(self) -> list[str]:
        """The ids that have a layer."""
        return [name for name in os.listdir(self._folder) if not name.startswith(".")]

    def sweep(self) -> None:
        """Remove what an earlier process had begun to make or to remove."""
        for path in self._bin.leftovers():
            self._background.delete(path)
