"""`--tmpfs` and `--mount type=tmpfs`: options of a tmpfs. Pure."""

from typing import Any

from boxship.lib.errors import BoxshipError, InvalidParameter

_DEFAULTS = ("noexec", "nosuid", "nodev")
# Each flag with what takes it back.
_OPPOSITES = {
    "ro": "rw",
    "suid": "nosuid",
    "dev": "nodev",
    "exec": "noexec",
    "sync": "async",
    "mand": "nomand",
    "atime": "noatime",
    "diratime": "nodiratime",
    "relatime": "norelatime",
    "strictatime": "nostrictatime",
}
_OPPOSITE = _OPPOSITES | {second: first for first, second in _OPPOSITES.items()}
_FLAGS = frozenset(_OPPOSITE) | {
    *("defaults", "dirsync"),
    *("private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable"),
}
_VALUES = frozenset(("mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol"))


def parse_tmpfs(text: str) -> list[str]:
    """The options of a mount from those of `--tmpfs`, Docker's defaults first.

    BoxshipError (500, as Docker) for an option that a tmpfs does not have.
    """
    words = text.split(",") if text else []
    for word in words:
        key, equals, value = word.partition("=")
        if not (word in _FLAGS or (equals and value and key in _VALUES)):
            raise BoxshipError(f'invalid tmpfs option "{key}"')
    kept: dict[str, str] = {}
    for word in (*_DEFAULTS, "rprivate", *words):
        if word in _FLAGS:
            kept.pop(_OPPOSITE.get(word, ""), None)
        kept[word.partition("=")[0]] = word
    return list(kept.values())


def mount_options(options: dict[str, Any], *, read_only: bool) -> list[str]:
    """The options of a mount from `TmpfsOptions` of the API: bytes, mode bits, exec or noexec.

    InvalidParameter for an option that is neither.
    """
    words = ["ro"] if read_only else []
    for option in options.get("Options") or ():
        if len(option) != 1 or option[0] not in ("exec", "noexec"):
            name = option[0] if option else ""
            raise InvalidParameter(f'invalid mount config for type "tmpfs": invalid option: {name}')
        words.append(option[0])
    result = parse_tmpfs(",".join(words))
    if options.get("Mode"):
        result.append(f"mode={options['Mode']:o}")
    if options.get("SizeBytes"):
        result.append(f"size={options['SizeBytes']}")
    return result
