"""Detach keys as Docker writes them: `ctrl-p,ctrl-q`, `a`, `ctrl-@,x` (pure)."""

DEFAULT = b"\x10\x11"
"""ctrl-p, ctrl-q."""

_SPECIAL = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse_detach_keys(text: str) -> bytes:
    """The bytes of a sequence; the default for "". ValueError for anything else."""
    if not text:
        return DEFAULT
    return bytes(_key(part) for part in text.split(","))


def _key(part: str) -> int:
    if len(part) == 1 and ord(part) < 128:
        return ord(part)
    head, _, key = part.partition("-")
    if head == "ctrl" and len(key) == 1:
        if "a" <= key <= "z":
            return ord(key) - ord("a") + 1
        if key in _SPECIAL:
            return _SPECIAL[key]
    raise ValueError(f"Unknown character: '{part}'")
