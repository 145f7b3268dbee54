"""The default AppArmor profile, as text for apparmor_parser(8). Pure.

Equal in effect to Docker's `docker-default` or stricter: everything that a container's own namespaces hold is free,
what reaches the machine is denied, by path, also where a mount was made writable. Rules: apparmor.d(5).
"""

from collections.abc import Iterable

DEFAULT_PROFILE = "boxship-default"
"""Its name in the kernel."""

_UNCONFINED = "unconfined"
# What processes of the host are labelled by that end containers: Ubuntu names the two runtimes.
_SENDERS = (_UNCONFINED, "crun", "runc")
# Of /proc/sys only the names that belong to an IPC namespace.
_OWN_SYSCTLS = ("kernel/sem", "kernel/shm")
# Neither read, written, linked, locked nor run.
_HIDDEN = (
    "/proc/kcore",
    "/proc/sysrq-trigger",
    "/sys/devices/virtual/powercap/**",
    "/sys/firmware/**",
    "/sys/kernel/security/**",
)


def profile_text(name: str = DEFAULT_PROFILE, *, daemon: str = _UNCONFINED) -> str:
    """The profile called `name`. daemon: the profile of the daemon itself, whose signals containers take."""
    signals = dict.fromkeys((*_SENDERS, daemon))
    rules = [
        "capability,",
        "file,",
        "network,",
        "umount,",
        *(f"signal (receive) peer={_quoted(peer)}," for peer in signals),
        f"signal (send, receive) peer={_quoted(name)},",
        f"ptrace (read, readby, trace, tracedby) peer={_quoted(name)},",
        "deny mount,",
        *(f"deny {path} rwklx," for path in _HIDDEN),
        "deny /proc/* w,",
        # Below /proc only a process's own folder, and of the sysctls what follows.
        *(f"deny /proc/{pattern}/** w," for pattern in _not_named("sys", "1-9")),
        *(f"deny /proc/sys/{pattern} w," for pattern in without(_OWN_SYSCTLS)),
        *(f"deny /sys/{pattern} wklx," for pattern in without(("fs/cgroup/",))),
    ]
    # Files that are gone or lie outside the container's root are judged by the rest of their path.
    head = f"profile {_quoted(name)} flags=(attach_disconnected, mediate_deleted) {{"
    return "\n".join([head, *(f"  {rule}" for rule in rules), "}"]) + "\n"


def without(prefixes: Iterable[str]) -> list[str]:
    """Patterns that together match every path (of one letter or more) that begins with none of `prefixes`.

    A rule of AppArmor has no "but": what is to stay free is left out letter by letter.
    """
    given = set(prefixes)
    free = {prefix for prefix in given if not any(prefix != other and prefix.startswith(other) for other in given)}
    begun = {prefix[:length] for prefix in free for length in range(len(prefix))}
    patterns = []
    for stem in begun:
        following = "".join(sorted({prefix[len(stem)] for prefix in free if prefix.startswith(stem)}))
        patterns.append(f"{stem}[^{following}]**")
        if stem:
            patterns.append(stem)
    return sorted(patterns)


def _not_named(name: str, excluded: str) -> list[str]:
    """Patterns for one part of a path that is not `name` and does not begin with a letter of the class `excluded`."""
    patterns = [f"[^{excluded}{name[0]}]*", f"{name}?*"]
    for length in range(1, len(name)):
        patterns += [name[:length], f"{name[:length]}[^{name[length]}]*"]
    return sorted(patterns)


def _quoted(name: str) -> str:
    return f'"{name}"'
