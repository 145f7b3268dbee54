"""Identifiers: 64 hexadecimal digits, as Docker's."""

import os


def new_id() -> str:
    """A fresh random identifier of 64 hexadecimal digits.

    Never all decimal digits in its first 12: such a short id could not be told from a number (it serves as a
    host name).
    """
    while True:
        value = os.urandom(32).hex()
        if not value[:12].isdigit():
            return value


def short_id(identifier: str) -> str:
    """The first 12 digits, without the algorithm's prefix."""
    return identifier.removeprefix("sha256:")[:12]
