"""The word that was probably meant. Imported only when something was misspelt."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def likely(word: str, known: "Sequence[str]") -> str:
    """The known word that is nearest to a misspelt one, or ""."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1, cutoff=0.7)
    return found[0] if found else ""


def with_likely(message: str, word: str, known: "Sequence[str]") -> str:
    """The message, with a line that names the nearest known word."""
    meant = likely(word, known) if word else ""
    return f"{message}\n  did you mean {meant}?" if meant else message
