"""What this machine is, as far as images are chosen by it."""

from boxship.model.platform import Platform, host
from boxship.model.platform_choice import x86_level


def best_platform() -> Platform:
    """This machine's platform with its variant: what an image is chosen by when nobody asked for a platform.

    On x86-64 the variant is the level that /proc/cpuinfo tells, as Docker does.
    """
    here = host()
    if here.architecture != "amd64":
        return here
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            line = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        line = ""
    level = x86_level(line.partition(":")[2].split())
    return Platform(here.os, here.architecture, f"v{level}" if level > 1 else "")
