"""The one question about packet rules that needs no library (linux/netfilter/nf_tables.h)."""

from __future__ import annotations

import struct

from boxship.kernel.netlink.message import Request, text

_GET_TABLE = 10 << 8 | 1
_TABLE_NAME = 1
_INET = 1
# nfgenmsg: family, version, resource.
_HEADER = struct.Struct("!BBH")


def table_by_name(name: str) -> Request:
    """Ask for one table of the family inet."""
    return Request(_GET_TABLE, 0, _HEADER.pack(_INET, 0, 0) + text(_TABLE_NAME, name), f"look for table {name}")
