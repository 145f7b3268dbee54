"""Docker's seccomp profile format: read it, and render it for one container.

The format is OCI's `linux.seccomp` plus conditions: `archMap`, and in each rule `includes` and `excludes` with
capabilities, architectures and a minimal kernel (docs.docker.com/engine/security/seccomp).
"""

import json
from collections.abc import Set
from typing import Any

from boxship.lib.errors import InvalidParameter

# uname(2)'s machine -> the profile's name of the architecture, and Go's name, which conditions use.
_ARCHITECTURES = {
    "x86_64": ("SCMP_ARCH_X86_64", "amd64"),
    "aarch64": ("SCMP_ARCH_AARCH64", "arm64"),
    "riscv64": ("SCMP_ARCH_RISCV64", "riscv64"),
}


def read_profile(text: str) -> dict[str, Any]:
    """A profile as `--security-opt seccomp=` sends it. InvalidParameter when it can't be used."""
    try:
        profile = json.loads(text)
    except ValueError as error:
        raise InvalidParameter(f"Decoding seccomp profile failed: {error}") from None
    if not isinstance(profile, dict):
        raise InvalidParameter("Decoding seccomp profile failed: a JSON object is expected")
    rules = profile.get("syscalls") or []
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InvalidParameter("Decoding seccomp profile failed: syscalls must be a list of objects")
    if profile.get("archMap") and profile.get("architectures"):
        raise InvalidParameter(
            "both 'architectures' and 'archMap' are specified in the seccomp profile, "
            "use either 'architectures' or 'archMap'"
        )
    if any(rule.get("name") and rule.get("names") for rule in rules):
        raise InvalidParameter(
            "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'"
        )
    return profile


def render(
    profile: dict[str, Any], capabilities: Set[str], machine: str, kernel: tuple[int, int]
) -> dict[str, Any] | None:
    """`linux.seccomp` for a container with these capabilities ("CAP_…") on this machine and kernel.

    None when the profile says nothing at all, which Docker takes for "unconfined".
    """
    if not profile:
        return None
    architecture, go_architecture = _ARCHITECTURES.get(machine, (machine, machine))
    result: dict[str, Any] = {"defaultAction": profile.get("defaultAction", "")}
    for key in ("defaultErrnoRet", "flags", "listenerPath", "listenerMetadata"):
        if profile.get(key):
            result[key] = profile[key]
    architectures = list(profile.get("architectures") or ())
    for entry in profile.get("archMap") or ():
        if entry.get("architecture") == architecture:
            architectures = [architecture, *(entry.get("subArchitectures") or ())]
            break
    if architectures:
        result["architectures"] = architectures
    result["syscalls"] = [
        _plain(rule) for rule in profile.get("syscalls") or () if _applies(rule, capabilities, go_architecture, kernel)
    ]
    return result


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    plain = {"names": [rule["name"]] if rule.get("name") else list(rule.get("names") or ())}
    for key in ("action", "errnoRet", "args"):
        if rule.get(key):
            plain[key] = rule[key]
    return plain


def _applies(rule: dict[str, Any], capabilities: Set[str], architecture: str, kernel: tuple[int, int]) -> bool:
    excludes = rule.get("excludes") or {}
    if architecture in (excludes.get("arches") or ()) or capabilities & set(excludes.get("caps") or ()):
        return False
    if excludes.get("minKernel") and kernel >= _kernel(excludes["minKernel"]):
        return False
    includes = rule.get("includes") or {}
    if includes.get("arches") and architecture not in includes["arches"]:
        return False
    if not capabilities >= set(includes.get("caps") or ()):
        return False
    return not includes.get("minKernel") or kernel >= _kernel(includes["minKernel"])


def _kernel(text: str) -> tuple[int, int]:
    try:
        major, minor = text.split(".")[:2]
        return int(major), int(minor)
    except ValueError:
        raise InvalidParameter(f"Decoding seccomp profile failed: minKernel {text!r} is not of the form 4.8") from None
