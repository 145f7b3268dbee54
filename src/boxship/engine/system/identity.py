"""The engine's identity: one UUID for the life of a data root."""

import os

from boxship.lib.atomic import write_atomic


def engine_id(data_root: str) -> str:
    """The UUID of a data root, made when it has none (blocks)."""
    path = f"{data_root}/engine-id"
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        made = _random_uuid()
        write_atomic(path, f"{made}\n".encode(), mode=0o600)
        return made


def _random_uuid() -> str:
    """A random UUID (RFC 9562, section 5.4); the module uuid would cost memory for this one line."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
