"""What the storage has done in workers: confined forks of the zygote, never threads of the daemon."""

import os

from boxship.archive.entry import ArchiveError
from boxship.lib.errors import BoxshipError
from boxship.runtime.launch import Launcher, WorkFailed
from boxship.storage.snapshot.makers import Makers, Unpacker, index_here, merge_here


def makers(launcher: Launcher) -> Makers:
    """What makes layers usable. Only unpacking touches files that a layer brings; an index is one file of ours."""
    return Makers(unpack_in_worker(launcher), index_here, merge_here)


def unpack_in_worker(launcher: Launcher) -> Unpacker:
    """An `Unpacker` that never touches a layer's files itself. To be called in threads of the pools."""

    def unpack(tar: str, folder: str) -> int:
        source = os.open(tar, os.O_RDONLY | os.O_CLOEXEC)
        try:
            root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                size: int = launcher.work_from_thread("unpack", {}, [root, source])
            except WorkFailed as failed:
                raise _original(failed) from failed
            finally:
                os.close(root)
        finally:
            os.close(source)
        return size

    return unpack


def _original(failed: WorkFailed) -> Exception:
    if failed.kind == "ArchiveError":
        return ArchiveError(failed.message)
    if failed.errno:
        return OSError(failed.errno, os.strerror(failed.errno))
    return BoxshipError(f"unpacking failed in its worker: {failed.kind}: {failed.message}")
