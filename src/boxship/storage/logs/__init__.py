"""Reading container logs; the writers are in shim/logs/, the format they share in lib/logframe.py."""

from boxship.storage.logs.encode import encode_batch
from boxship.storage.logs.gzipped import compress_rotated
from boxship.storage.logs.query import LogChunk, LogQuery, parse_tail, parse_time, require_streams
from boxship.storage.logs.reader import LogFollower, read_log

__all__ = [
    "LogChunk",
    "LogFollower",
    "LogQuery",
    "compress_rotated",
    "encode_batch",
    "parse_tail",
    "parse_time",
    "read_log",
    "require_streams",
]
