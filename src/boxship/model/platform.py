"""Platforms as people type them: `linux/arm64/v8`, `amd64`, `linux` (OCI image spec, image-index.md, "platform")."""

import os as _os
import re
from dataclasses import dataclass

from boxship.lib.errors import InvalidParameter

# fmt: off
_SYSTEMS = frozenset((
    "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "nacl", "netbsd", "openbsd",
    "plan9", "solaris", "wasip1", "windows",
))
_ARCHITECTURES = frozenset((
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle", "mips64", "mips64le",
    "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm",
))
# fmt: on
# the kernel's and the distributions' names for what Go, and so all images, call otherwise
_ALIASES = {
    "i386": "386",
    "i686": "386",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "loongarch64": "loong64",
}
_VARIANT_ALIASES = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "v8",
    ("arm64", "v8.0"): "v8",
    ("arm64", "9"): "v9",
    **{("arm", str(number)): f"v{number}" for number in range(5, 9)},
}
_SYSTEM_ALIASES = {"macos": "darwin"}
_VARIANTS = {"armhf": "v7", "armel": "v6", "armv7l": "v7", "armv6l": "v6"}

_OS_COMPONENT = (
    "OS component",
    "OSAndVersion specifier component",
    r"^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$",
)
_COMPONENT = ("component", "platform specifier component", r"^[A-Za-z0-9_.-]+$")


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on. variant: of the architecture, "" where there is none."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def host() -> Platform:
    """The platform of this machine."""
    machine = _os.uname().machine
    if machine.startswith("armv"):
        return Platform("linux", "arm", _VARIANTS.get(machine, "v7"))
    return Platform("linux", _ALIASES.get(machine, machine))


def parse(text: str) -> Platform:
    """Read a platform; what is left out is this machine's. InvalidParameter with Docker's wording."""
    parts = text.lower().split("/")
    for number, part in enumerate(parts):
        kind, what, allowed = _COMPONENT if number else _OS_COMPONENT
        if not re.fullmatch(allowed, part):
            shown = allowed.replace("\\", "\\\\")
            raise InvalidParameter(
                f'"{part}" is an invalid {kind} of "{text}": {what} must match "{shown}": invalid argument'
            )
    here = host()
    if len(parts) == 1:
        system = _SYSTEM_ALIASES.get(parts[0], parts[0])
        if system in _SYSTEMS:
            return Platform(system, here.architecture, here.variant)
        architecture, variant = _architecture(parts[0])
        if architecture in _ARCHITECTURES:
            return Platform(here.os, architecture, variant)
        raise InvalidParameter(f'"{text}": unknown operating system or architecture: invalid argument')
    if len(parts) > 3:
        raise InvalidParameter(f'"{text}": cannot parse platform specifier: invalid argument')
    architecture, variant = _architecture(parts[1])
    if len(parts) == 3:
        variant = _VARIANT_ALIASES.get((architecture, parts[2]), parts[2])
    return Platform(parts[0], architecture, variant)


def _architecture(name: str) -> tuple[str, str]:
    return _ALIASES.get(name, name), _VARIANTS.get(name, "")
