"""Progress as Docker's clients print it when they are not a terminal."""

_WIDTH = 50
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def progress_bar(done: int, total: int) -> str:
    """`[====>    ]  32.77kB/3.011MB`; sizes in bytes."""
    filled = min(done * _WIDTH // total, _WIDTH) if total else _WIDTH
    return f"[{'=' * filled}>{' ' * (_WIDTH - filled)}] {human_size(done):>8}/{human_size(total)}"


def human_size(size: float) -> str:
    """A size in bytes with four digits and a decimal unit, as Docker prints it: 3.011MB."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{size:.4g}{_UNITS[unit]}"
