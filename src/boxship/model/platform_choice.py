"""Which platform of several a machine takes, and in which order it likes them.

As containerd and Docker choose (containerd, platforms/compare.go; what Docker 28.5.2 answered stands in the tests): a
machine also runs what its predecessors ran.
"""

from collections.abc import Sequence

from boxship.model.platform import Platform, host

# What each x86-64 level has beyond the one before it (System V ABI for AMD64, "Micro-Architecture Levels"), by the
# names of /proc/cpuinfo.
_LEVELS = (
    frozenset(["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
    frozenset(["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"]),
    frozenset(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
)
# Armv9.n has what Armv8.(n+5) has (Arm ARM, A1.1).
_V9_HAS_V8 = 5
_LAST_V8 = 9


def x86_level(flags: Sequence[str]) -> int:
    """The x86-64 level, 1 to 4, of a processor with these flags."""
    level = 1
    for needed in _LEVELS:
        if not needed <= set(flags):
            break
        level += 1
    return level


def normalised(platform: Platform) -> Platform:
    """One spelling for what means the same: `aarch64/8` is arm64, arm alone is arm/v7."""
    system = platform.os.lower() or host().os
    architecture, variant = platform.architecture.lower(), platform.variant.lower()
    match architecture:
        case "":
            architecture = host().architecture
        case "i386":
            architecture, variant = "386", ""
        case "x86_64" | "x86-64":
            architecture = "amd64"
        case "aarch64":
            architecture = "arm64"
        case "armhf":
            architecture, variant = "arm", "v7"
        case "armel":
            architecture, variant = "arm", "v6"
    if architecture == "amd64" and variant == "v1":
        variant = ""
    elif architecture == "arm64":
        variant = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(variant, variant)
    elif architecture == "arm":
        variant = {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"}.get(variant, variant)
    return Platform("darwin" if system == "macos" else system, architecture, variant)


def runs(platform: Platform) -> list[Platform]:
    """What runs on a platform, the best first; all of it normalised."""
    here = normalised(platform)
    match here.architecture:
        case "amd64":
            found = [Platform(here.os, "amd64", variant) for variant in _down(here.variant, 1)]
            return [*map(normalised, found), Platform(here.os, "386")]
        case "arm":
            return [Platform(here.os, "arm", variant) for variant in _down(here.variant, 5)]
        case "arm64":
            return [normalised(Platform(here.os, *names)) for names in _arm64(here.variant or "v8")]
    return [here]


def choose(
    wanted: Platform, offered: Sequence[tuple[Platform | None, Sequence[str]]], features: Sequence[str] = ()
) -> list[int]:
    """The numbers of the offers that run on `wanted`, the best first; of equal ones the first offered.

    offered: each a platform and the system features that it needs beside (os.features); None stands for any platform
    and is taken when nothing says better. features: what the system has.
    """
    order = {platform: rank for rank, platform in enumerate(runs(wanted))}
    found = []
    for number, (platform, needed) in enumerate(offered):
        if platform is None:
            found.append((len(order), number))
        elif (rank := order.get(normalised(platform))) is not None and set(needed) <= set(features):
            found.append((rank, number))
    return [number for _, number in sorted(found)]


def runs_on(image: Platform, wanted: Platform) -> bool:
    """Whether an image of this platform runs on the wanted one."""
    return normalised(image) in runs(wanted)


def _down(variant: str, lowest: int) -> list[str]:
    """A variant and those below it: v7, v6, v5. A variant without a number has none below it."""
    number = variant.removeprefix("v")
    if not (number.isascii() and number.isdigit() and len(number) < 3):
        return [variant]
    return [variant, *(f"v{below}" for below in range(int(number) - 1, lowest - 1, -1))]


def _arm64(variant: str) -> list[tuple[str, str]]:
    major, _, minor = variant.removeprefix("v").partition(".")
    if major not in ("8", "9") or not (minor or "0").isdigit() or len(minor) > 1:
        return [("arm64", variant)]
    step = int(minor or 0)
    found = [f"v9.{number}" for number in range(step, -1, -1)] if major == "9" else []
    highest = min(step + _V9_HAS_V8, _LAST_V8) if major == "9" else step
    found += [f"v8.{number}" for number in range(highest, -1, -1)]
    return [("arm64", name) for name in found] + [("arm", name) for name in _down("v8", 5)]
