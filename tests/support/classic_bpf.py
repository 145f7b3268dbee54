"""Runs classic BPF as the kernel runs a seccomp filter: over struct seccomp_data."""

import struct

_LOAD, _AND, _JUMP, _EQUAL, _GREATER, _GREATER_EQUAL, _SET, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x25, 0x35, 0x45, 0x06


def run(program: bytes, audit: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What the filter (struct sock_filter[]) answers to one call; AssertionError when it is no valid program."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, audit, 0, *padded)
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator, place = 0, 0
    while True:
        operation, when_true, when_false, value = code[place]
        place += 1
        if operation == _LOAD:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif operation == _AND:
            accumulator &= value
        elif operation == _JUMP:
            place += value
        elif operation == _RETURN:
            return int(value)
        else:
            holds = {
                _EQUAL: accumulator == value,
                _GREATER: accumulator > value,
                _GREATER_EQUAL: accumulator >= value,
                _SET: bool(accumulator & value),
            }[operation]
            place += when_true if holds else when_false
