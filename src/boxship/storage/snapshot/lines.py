"""Small lists of digests beside what they describe, one a line."""


def read_lines(path: str) -> list[str] | None:
    """The list; None when there is no such file. OSError."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return None


def write_lines(path: str, lines: list[str]) -> None:
    """Write the list to the file, not durably. OSError."""
    with open(path, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))
