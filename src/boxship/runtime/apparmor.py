"""AppArmor profiles in the kernel: which are loaded, and loading ours (apparmor_parser(8)). Blocks."""

import logging
from pathlib import Path

from boxship.lib.errors import BoxshipError
from boxship.lib.program import run_program
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
    done = run_program(features.apparmor_parser, ["-K", "-r"], profile_text(daemon=_own_profile()))
    if done.code != 0:
        raise BoxshipError(
            f"AppArmor enabled on system but the {DEFAULT_PROFILE} profile could not be loaded: "
            f"{features.apparmor_parser} exited with {done.code}: {(done.stdout + done.stderr).strip()}"
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
