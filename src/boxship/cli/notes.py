"""Notes to people, laid out as the docker CLI does: plain in pipes, in colours in a terminal."""

import os


def note(lines: "tuple[str, ...]", fd: int) -> str:
    """A note in lines, for `fd`. The first line follows the word Info, the others stand below it."""
    if not os.isatty(fd) or os.environ.get("NO_COLOR"):
        return "\n Info -> " + "\n         ".join(lines) + "\n"
    shown = [f"\x1b[3m{line}\x1b[0m" for line in lines]
    head = "\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m"
    return f"\n{head}" + "\n         ".join(shown) + "\n"
