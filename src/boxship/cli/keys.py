"""The keys that detach a terminal: `ctrl-p,ctrl-q`. Pure."""

DEFAULT = b"\x10\x11"
_CONTROL = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse(text: str) -> bytes:
    """The bytes of a sequence: single characters and ctrl-<key>, apart by commas. ValueError."""
    keys = bytearray()
    for key in text.split(","):
        if len(key) == 1 and key.isascii():
            keys.append(ord(key))
            continue
        name = key.removeprefix("ctrl-")
        if name != key and len(name) == 1 and "a" <= name <= "z":
            keys.append(ord(name) - ord("a") + 1)
        elif name != key and name in _CONTROL:
            keys.append(_CONTROL[name])
        else:
            raise ValueError(f"Unknown character: '{key}'")
    return bytes(keys)


class Matcher:
    """Finds the sequence in what is typed. Its beginnings are held back until it is clear that they are none."""

    def __init__(self, keys: bytes) -> None:
        self.keys = keys
        self.held = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What may be passed on of what was typed, and whether the sequence was whole."""
        keys = self.keys
        if not keys or (not self.held and keys[0] not in data):
            return data, False
        passed = bytearray()
        for byte in data:
            if byte == keys[self.held]:
                self.held += 1
                if self.held == len(keys):
                    self.held = 0
                    return bytes(passed), True
                continue
            passed += keys[: self.held]
            self.held = int(byte == keys[0])
            if not self.held:
                passed.append(byte)
        return bytes(passed), False
