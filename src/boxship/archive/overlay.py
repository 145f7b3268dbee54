"""Overlayfs' own marks in a layer's folder (kernel, overlayfs.rst), and as files (OCI image spec, layer.md)."""

from __future__ import annotations

import os
import stat

OPAQUE = "trusted.overlay.opaque"
"""The attribute of a folder that hides the folder of lower layers."""

WHITEOUT = b".wh."
OPAQUE_WHITEOUT = b".wh..wh..opq"


def is_whiteout(status: os.stat_result) -> bool:
    """Whether it is the sign for "removed": a character device 0/0."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(fd: int) -> bool:
    """Whether a folder hides the one below."""
    try:
        return os.getxattr(fd, OPAQUE) == b"y"
    except OSError:
        return False
