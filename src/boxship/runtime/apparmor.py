"""AppArmor profiles in the kernel: which are loaded, and loading ours (apparmor_parser(8)). Blocks."""

import logging
import os
from pathlib import Path

from boxship.lib.errors import BoxshipError
from boxship.runtime.profiles.apparmor import DEFAULT_PROFILE, profile_text
from boxship.runtime.spec.features import HostFeatures

log = logging.getLogger("boxship.runtime")

_LOADED = "/sys/kernel/security/apparmor/profiles"
# The second is whichever module the kernel names first.
_OWN = ("/proc/self/attr/apparmor/current", "/proc/self/attr/current")
_MODES = (" (complain)", " (enforce)", " (kill)", " (prompt)", " (unconfined)")


def loaded_profiles() -> frozenset[str]:
    """The names of the profiles that the kernel has now; none where that can't be read."""
    try:
        lines = Path(_LOADED).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return frozenset()
    return frozenset(_without_mode(line) for line in lines)


def load_default(features: HostFeatures) -> None:
    """Give the kernel this version's default profile. BoxshipError, in Docker's words, when it does not take it."""
    status, output = _run(features.apparmor_parser, ["-K", "-r"], profile_text(daemon=_own_profile()))
    if status != 0:
        raise BoxshipError(
            f"AppArmor enabled on system but the {DEFAULT_PROFILE} profile could not be loaded: "
            f"{features.apparmor_parser} exited with {status}: {output}"
        )


def load_at_boot(features: HostFeatures) -> None:
    """`load_default` where it can be, for the containers to come; what goes wrong is told in the log."""
    if not features.apparmor:
        return
    if not features.apparmor_parser:
        log.warning(
            "AppArmor is on, but apparmor_parser is not here: containers run without a default profile "
            "(to install it: apt-get install apparmor)"
        )
        return
    try:
        load_default(features)
    except (BoxshipError, OSError) as error:
        log.error("%s", error)


def make_ready(profile: str, features: HostFeatures) -> None:
    """See to it that the kernel has a profile that a container is about to be confined by.

    Ours is loaded again when it is gone, as after a restart of the machine's AppArmor service. BoxshipError in
    Docker's words when the profile can't be had.
    """
    if profile in ("", "unconfined") or profile in loaded_profiles():
        return
    if profile == DEFAULT_PROFILE:
        load_default(features)
        return
    raise BoxshipError(
        f"unable to apply apparmor profile: apparmor failed to apply profile {profile}: no such file or directory\n"
        "  to load it:          apparmor_parser -r FILE\n"
        "  what is loaded:      aa-status"
    )


def _own_profile() -> str:
    for path in _OWN:
        try:
            name = _without_mode(Path(path).read_text(encoding="utf-8").strip("\0\n"))
        except OSError:
            continue
        if name and '"' not in name:
            return name
    return "unconfined"


def _without_mode(line: str) -> str:
    for mode in _MODES:
        line = line.removesuffix(mode)
    return line


def _run(program: str, arguments: list[str], text: str) -> tuple[int, str]:
    """Exit code and output of a program that reads `text`. Not subprocess: it would stay in the daemon's memory."""
    given, written = os.memfd_create("stdin", os.MFD_CLOEXEC), os.memfd_create("stdout", os.MFD_CLOEXEC)
    try:
        os.write(given, text.encode())
        os.lseek(given, 0, os.SEEK_SET)
        pid = os.posix_spawn(
            program,
            [program, *arguments],
            {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, given, 0),
                (os.POSIX_SPAWN_DUP2, written, 1),
                (os.POSIX_SPAWN_DUP2, written, 2),
            ],
        )
        _, status = os.waitpid(pid, 0)
        os.lseek(written, 0, os.SEEK_SET)
        return os.waitstatus_to_exitcode(status), os.read(written, 4096).decode(errors="replace").strip()
    finally:
        os.close(given)
        os.close(written)
