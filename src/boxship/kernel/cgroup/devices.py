"""Which devices a container may open: the rules of `linux.resources.devices`, resolved. Pure.

The rules apply in their order; what stays is either everything or a list of what is allowed. v1 takes that list as
lines of text, v2 as a BPF program (`boxship.kernel.bpf`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.kernel.cgroup.resources import Write

    # kind ("c", "b", "a" for both), major, minor (-1 for any), access (letters of "rwm")
    Device = tuple[str, int, int, str]

ANY = -1

# What every container needs whatever its rules say: making nodes is harmless where they can't be opened (and tar
# archives hold some), the pseudo-terminals of its own devpts, the standard devices. As runc's.
ALWAYS: tuple[Device, ...] = (
    ("c", ANY, ANY, "m"),
    ("b", ANY, ANY, "m"),
    ("c", 1, 3, "rwm"),  # null
    ("c", 1, 5, "rwm"),  # zero
    ("c", 1, 7, "rwm"),  # full
    ("c", 1, 8, "rwm"),  # random
    ("c", 1, 9, "rwm"),  # urandom
    ("c", 5, 0, "rwm"),  # tty
    ("c", 5, 2, "rwm"),  # ptmx
    ("c", 10, 200, "rwm"),  # net/tun
    ("c", 136, ANY, "rwm"),  # pts
)


def allowed_devices(rules: list[dict[str, Any]]) -> list[Device] | None:
    """What the rules leave open, `ALWAYS` included; None for everything.

    No rules at all leave everything open, as in the spec.
    """
    if not rules:
        return None
    everything = True
    allowed: dict[tuple[str, int, int], str] = {}
    for rule in rules:
        kind = rule.get("type") or "a"
        access = rule.get("access") or "rwm"
        key = (kind, _part(rule.get("major")), _part(rule.get("minor")))
        if kind == "a":
            everything = bool(rule.get("allow"))
            allowed.clear()
        elif rule.get("allow"):
            allowed[key] = "".join(letter for letter in "rwm" if letter in allowed.get(key, "") + access)
        elif key in allowed:
            allowed[key] = "".join(letter for letter in allowed[key] if letter not in access)
    if everything:
        return None
    for kind, major, minor, access in ALWAYS:
        key = (kind, major, minor)
        allowed[key] = "".join(letter for letter in "rwm" if letter in allowed.get(key, "") + access)
    return [(*key, access) for key, access in allowed.items() if access]


def v1_device_writes(rules: list[dict[str, Any]]) -> list[Write]:
    """The lines for devices.deny and devices.allow of a fresh v1 group, which starts with its parent's."""
    allowed = allowed_devices(rules)
    if allowed is None:
        # An empty rule list changes nothing; an explicit "all" asks for what the parent may refuse.
        return [("devices", "devices.allow", "a")] if rules else []
    writes: list[Write] = [("devices", "devices.deny", "a")]
    for kind, major, minor, access in allowed:
        device = f"{_text(major)}:{_text(minor)}"
        writes.append(("devices", "devices.allow", f"{kind} {device} {access}"))
    return writes


def _part(value: int | None) -> int:
    return ANY if value is None or value < 0 else value


def _text(part: int) -> str:
    return "*" if part == ANY else str(part)
