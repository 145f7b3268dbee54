"""SELinux labels of a container: `--security-opt label=`, and a level of its own. Pure.

A context is `user:role:type:level`; two containers of the same type are kept apart by their levels, each with a pair of
categories that no other has (multi-category security). Sources: selinux(8), the SELinux Notebook.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from boxship.lib.errors import BoxshipError

CATEGORIES = 1024
_FIELDS = ("user", "role", "type", "level")
# No confined process is at this level: what it labels belongs to unconfined containers alone.
_UNREACHABLE = "c1022,c1023"


@dataclass(frozen=True, slots=True)
class Labels:
    """process: for what runs, mount: for its files; "" for none."""

    process: str = ""
    mount: str = ""


NO_LABELS = Labels()


def container_labels(
    options: Iterable[str],
    *,
    process: str,
    file: str,
    taken: Collection[str],
    draw: Callable[[int], int],
) -> Labels:
    """The labels of a new container.

    options: what stands behind `label=`. process, file: the policy's contexts for containers. taken: the levels of
    other containers. draw(n): a random number below n. BoxshipError (500, as Docker) for an option that is none.
    """
    options = list(options)
    own, files = _split(process), _split(file)
    for option in options:
        name, colon, value = option.partition(":")
        if option == "disable":
            files["level"] = f"{_sensitivity(files)}:{_UNREACHABLE}"
            return Labels("", _join(files))
        if not colon:
            raise BoxshipError(
                f"bad label option \"{option}\", valid options 'disable' or \n"
                "'user, role, level, type, filetype' followed by ':' and a value"
            )
        if name == "filetype":
            files["type"] = value
        elif name in _FIELDS:
            own[name] = value
            if name in ("level", "user"):
                files[name] = value
        else:
            raise BoxshipError(
                f"bad label option \"{name}\", valid options 'disable, user, role, level, type, filetype'"
            )
    if not any(option.startswith("level:") for option in options):
        own["level"] = files["level"] = _free_level(_sensitivity(own), taken, draw)
    return Labels(_join(own), _join(files))


def shared_options(process: str) -> list[str]:
    """The options that give a container the label of another one, whose IPC or pid namespace it joins."""
    if not process:
        return ["disable"]
    return [f"{name}:{value}" for name, value in _split(process).items()]


def level_of(label: str) -> str:
    """The level of a label, "" when it has none."""
    return _split(label)["level"]


def shared_label(mount: str) -> str:
    """The label of files that all containers may use (`:z`)."""
    fields = _split(mount)
    return _join({**fields, "level": _sensitivity(fields)})


def _free_level(sensitivity: str, taken: Collection[str], draw: Callable[[int], int]) -> str:
    while True:
        first, second = draw(CATEGORIES), draw(CATEGORIES)
        low, high = sorted((first, second))
        level = f"{sensitivity}:c{low},c{high}"
        if low != high and level not in taken and not level.endswith(f":{_UNREACHABLE}"):
            return level


def _sensitivity(fields: dict[str, str]) -> str:
    return fields["level"].partition(":")[0].partition("-")[0] or "s0"


def _split(label: str) -> dict[str, str]:
    # The level is the rest: it has colons of its own.
    return dict(zip(_FIELDS, (label.split(":", 3) + [""] * 4)[:4], strict=True))


def _join(fields: dict[str, str]) -> str:
    return ":".join(fields[name] for name in _FIELDS if fields[name])
