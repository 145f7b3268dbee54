"""How much disk a container's own files take."""

import os

from boxship.engine.engine import Engine
from boxship.lib.errors import NotFound
from boxship.model.container import ContainerRecord


def sizes(engine: Engine, record: ContainerRecord) -> tuple[int, int]:
    """(bytes of the writable layer, bytes of image and writable layer) (blocks).

    The writable layer is only walked by names and lstat(2): a running container may change it meanwhile.
    """
    try:
        upper = engine.snapshotter.get(record.id).upper
    except NotFound:
        # It has never been started.
        return 0, record.image_size
    own = _tree_bytes(upper)
    return own, own + record.image_size


def _tree_bytes(path: str) -> int:
    """Bytes of all regular files and links below `path`, each inode once."""
    total = 0
    seen: set[int] = set()
    folders = [path]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    try:
                        status = entry.stat(follow_symlinks=False)
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                        elif status.st_nlink == 1 or status.st_ino not in seen:
                            seen.add(status.st_ino)
                            total += status.st_size
                    except FileNotFoundError:
                        continue
        except (FileNotFoundError, NotADirectoryError):
            continue
    return total
