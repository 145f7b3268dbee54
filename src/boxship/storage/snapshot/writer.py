"""A layer that comes in pieces: hashed, written and looked at as it passes, published when all of it is right."""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from boxship.archive.entry import ArchiveError
from boxship.lib.errors import BoxshipError
from boxship.storage.layers import Layer
from boxship.storage.removal import delete
from boxship.storage.snapshot.makers import Watch

# Bytes that are worth a thread's waking up, and bytes that may wait for it.
_PIECE = 1 << 18
_WAITING = 8 << 20


class WrongDigest(ArchiveError):
    """A layer is not what its image's config says. expected, found: diff ids."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"the layer is damaged: its digest is {found}, the config says {expected}")
        self.expected = expected
        self.found = found


class LayerWriter:
    """One layer on its way in; `with snapshotter.begin() as writer:` aborts it unless it was committed.

    For one thread at a time. What is written is hashed and stored by a thread of the writer's own, beside whoever
    fetches and inflates it; a layer of less than a quarter of a megabyte needs none. Nothing is visible to anyone
    before `commit`.
    """

    def __init__(self, path: str, publish: Callable[[str, str], Layer], watch: Watch | None = None) -> None:
        """path: a new file on the file system of the layers. publish: (that file, its diff id) -> the layer; it takes
        the file or removes it. BoxshipError when the file can't be made.
        """
        self.size = 0
        self._path = path
        self._publish = publish
        self._watch = watch
        self._digest = hashlib.sha256()
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._queue = _Queue()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._open = True
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, data: bytes) -> None:
        """The next bytes of the uncompressed tar. Nobody may change them afterwards (a buffer that is used again).

        ArchiveError when the tar turns out to be damaged or hostile, BoxshipError when the disk does not take it:
        perhaps of bytes that came before these.
        """
        if self._error is not None:
            raise self._error
        self.size += len(data)
        self._gathered.append(data)
        self._gathered_size += len(data)
        if self._gathered_size >= _PIECE:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="layer", daemon=True)
                self._thread.start()
            self._queue.put(self._take_gathered())

    @property
    def diff_id(self) -> str:
        """The digest of what has been written up to now. Errors of `write`. Waits for the writing."""
        self._settle()
        return f"sha256:{self._digest.hexdigest()}"

    def commit(self, diff_id: str) -> Layer:
        """Publish the layer; durable when this returns. Two writers of one layer do the work once.

        diff_id: what the digest of the tar must be. WrongDigest when it is not; ArchiveError when the tar is damaged
        or hostile; BoxshipError. Nothing stays then.
        """
        try:
            found = self.diff_id
            if found != diff_id:
                raise WrongDigest(diff_id, found)
            self._finish()
        except BaseException:
            self.abort()
            raise
        self._open = False
        return self._publish(self._path, diff_id)

    def abort(self) -> None:
        """Forget all that was written; nothing to do after `commit`, or the second time."""
        if not self._open:
            return
        self._open = False
        self._finish()
        if self._watch is not None:
            self._watch.close()
        delete(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _settle(self) -> None:
        if self._thread is not None:
            if self._gathered:
                self._queue.put(self._take_gathered())
            self._queue.drained()
        elif self._gathered and self._error is None:
            self._keep(self._take_gathered())
        if self._error is not None:
            raise self._error

    def _finish(self) -> None:
        if self._thread is not None:
            self._queue.close()
            self._thread.join()
            self._thread = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take_gathered(self) -> bytes:
        pieces, self._gathered, self._gathered_size = self._gathered, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            if self._error is None:
                self._keep(data)

    def _keep(self, data: bytes) -> None:
        try:
            self._digest.update(data)
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            if self._watch is not None:
                self._watch.feed(data)
        except OSError as error:
            self._error = self._unwritable(error)
        except BaseException as error:
            self._error = error

    def _unwritable(self, error: OSError) -> BoxshipError:
        return BoxshipError(f"cannot write to {os.path.dirname(self._path)}: {error.strerror}")


class _Queue:
    """From the thread that fetches to the one that stores; it holds a few megabytes at most."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._busy = False
        self._closed = False

    def put(self, piece: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._size < _WAITING)
            self._pieces.append(piece)
            self._size += len(piece)
            self._changed.notify_all()

    def get(self) -> bytes | None:
        """The next piece, None when there will be none. Asking for one says that the last one is done with."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._pieces or self._closed)
            if not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._size -= len(piece)
            self._busy = True
            return piece

    def drained(self) -> None:
        """Wait until all pieces are done with."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pieces and not self._busy)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
