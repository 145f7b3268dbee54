"""`-v`: what the short form of a bind or a volume says. Pure."""

import posixpath
from dataclasses import dataclass

from boxship.lib.errors import BoxshipError

PROPAGATIONS = frozenset(("private", "rprivate", "slave", "rslave", "shared", "rshared"))
DEFAULT_PROPAGATION = "rprivate"

# Of each class a mode may name one.
_CLASSES = (
    frozenset(("ro", "rw")),
    frozenset(("z", "Z")),
    PROPAGATIONS,
    frozenset(("nocopy",)),
    frozenset(("consistent", "cached", "delegated", "default")),
)


@dataclass(frozen=True, slots=True)
class Bind:
    """source: a folder or file of the host (absolute), else a volume's name, "" for a new volume without a name.

    target: cleaned. mode: as written. propagation: "" for the default.
    """

    source: str
    target: str
    mode: str = ""
    read_only: bool = False
    propagation: str = ""
    relabel: str = ""

    @property
    def is_volume(self) -> bool:
        return not self.source.startswith("/")


def parse_bind(text: str) -> Bind:
    """`[SOURCE:]TARGET[:MODE]`. BoxshipError (500, as Docker) says what is wrong."""
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise BoxshipError(f"invalid volume specification: '{text}'")
    if len(parts) == 1:
        source, target, mode = "", parts[0], ""
    elif len(parts) == 2:
        # A new volume without a name takes no mode.
        if _is_mode(parts[1]):
            raise BoxshipError(f"invalid volume specification: '{text}'")
        source, target, mode = parts[0], parts[1], ""
    else:
        source, target, mode = parts
        if not _is_mode(mode):
            raise BoxshipError(f"invalid mode: {mode}")
    kind = "bind" if source.startswith("/") else "volume"
    reason = target_fault(target)
    words = mode.split(",") if mode else []
    if not reason and kind == "bind" and "nocopy" in words:
        reason = "field VolumeOptions must not be specified"
    if reason:
        raise BoxshipError(
            f"invalid volume specification: '{text}': invalid mount config for type \"{kind}\": {reason}"
        )
    return Bind(
        source=posixpath.normpath(source) if kind == "bind" else source,
        target=clean(target),
        mode=mode,
        read_only="ro" in words,
        propagation=next((word for word in words if word in PROPAGATIONS), ""),
        relabel=next((word for word in words if word in ("z", "Z")), ""),
    )


def target_fault(target: str) -> str:
    """What is wrong with a place in the container, "" when it is fine."""
    if not target.startswith("/"):
        return f"invalid mount path: '{target}' mount path must be absolute"
    if clean(target) == "/":
        return "invalid specification: destination can't be '/'"
    return ""


def clean(path: str) -> str:
    """The path without `.`, `..`, double and trailing slashes."""
    return "/" + posixpath.normpath(path).lstrip("/")


def _is_mode(mode: str) -> bool:
    words = mode.split(",") if mode else []
    return all(any(word in group for group in _CLASSES) for word in words) and all(
        sum(word in group for word in words) <= 1 for group in _CLASSES
    )
