"""Docker's seccomp profile format, rendered for one container."""

from typing import Any

import pytest

from boxship.lib.errors import InvalidParameter
from boxship.runtime.profiles.render import read_profile, render
from boxship.runtime.profiles.seccomp import PROFILE, default_profile

KERNEL = (6, 18)


def rules(
    profile: dict[str, Any], *capabilities: str, machine: str = "x86_64", kernel: tuple[int, int] = KERNEL
) -> str:
    """The names that stay, in order."""
    rendered = render({"defaultAction": "SCMP_ACT_ERRNO", **profile}, set(capabilities), machine, kernel)
    assert rendered is not None
    return " ".join(name for rule in rendered["syscalls"] for name in rule["names"])


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"names": [name], "action": "SCMP_ACT_ALLOW", **more}


def test_conditions_on_capabilities():
    profile = {
        "syscalls": [
            rule("with_one", includes={"caps": ["CAP_A"]}),
            rule("with_both", includes={"caps": ["CAP_A", "CAP_B"]}),
            rule("without", excludes={"caps": ["CAP_A", "CAP_C"]}),
        ]
    }
    assert rules(profile) == "without"
    assert rules(profile, "CAP_A") == "with_one"
    assert rules(profile, "CAP_A", "CAP_B") == "with_one with_both"
    assert rules(profile, "CAP_C") == ""


def test_conditions_on_architecture_and_kernel():
    profile = {
        "syscalls": [
            rule("x86", includes={"arches": ["amd64", "x32"]}),
            rule("not_arm", excludes={"arches": ["arm64"]}),
            rule("new", includes={"minKernel": "4.8"}),
            rule("old", excludes={"minKernel": "4.8"}),
        ]
    }
    assert rules(profile) == "x86 not_arm new"
    assert rules(profile, machine="aarch64") == "new"
    assert rules(profile, kernel=(4, 7)) == "x86 not_arm old"


def test_the_old_spelling_with_one_name():
    assert rules({"syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW"}]}) == "read"


def test_architectures():
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
    }
    rendered = render(profile, set(), "x86_64", KERNEL)
    assert rendered == {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        "syscalls": [],
    }
    assert "architectures" not in (render(profile, set(), "aarch64", KERNEL) or {})
    named = render({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X32"]}, set(), "x86_64", KERNEL)
    assert named is not None and named["architectures"] == ["SCMP_ARCH_X32"]


def test_nothing_is_unconfined():
    assert render({}, set(), "x86_64", KERNEL) is None


def test_a_kernel_that_is_none():
    with pytest.raises(InvalidParameter, match="minKernel 'six'"):
        rules({"syscalls": [rule("read", includes={"minKernel": "six"})]})


def test_reading():
    assert read_profile('{"defaultAction":"SCMP_ACT_ALLOW","comment":1}')["defaultAction"] == "SCMP_ACT_ALLOW"
    with pytest.raises(InvalidParameter, match="syscalls must be a list"):
        read_profile('{"syscalls":{"a":1}}')


def test_the_default_profile_is_made_once():
    held = frozenset({"CAP_CHOWN"})
    assert default_profile(held, "x86_64", KERNEL) is default_profile(held, "x86_64", KERNEL)
    assert default_profile(held, "x86_64", KERNEL) == render(PROFILE, held, "x86_64", KERNEL)
