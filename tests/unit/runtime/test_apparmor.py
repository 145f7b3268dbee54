"""The default AppArmor profile: what its rules let through, read as apparmor.d(5) reads globs."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.model.container import ExecConfig
from boxship.runtime.profiles.apparmor import DEFAULT_PROFILE, profile_text, without
from boxship.runtime.spec.process import build_exec_process
from tests.unit.runtime.build import FEATURES, config, host, spec

APPARMOR = replace(FEATURES, apparmor=True, apparmor_parser="/usr/sbin/apparmor_parser")
DENIALS = [(match[1], match[2]) for match in re.finditer(r"^  deny (/\S+) (\w+),$", profile_text(), re.MULTILINE)]


def matches(pattern: str, path: str) -> bool:
    """Globs of AppArmor: `**` any letters, `*` any but a slash, `?` one but a slash, `[^…]` one of none of these."""
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*|\*|\?|\[[^\]]+\]|[^*?\[]+", pattern)
    expression = "".join(words.get(part, part if part[0] == "[" else re.escape(part)) for part in parts)
    return re.fullmatch(expression, path) is not None


def denied(path: str, permission: str = "w") -> bool:
    return any(permission in permissions and matches(pattern, path) for pattern, permissions in DENIALS)


@pytest.mark.parametrize(
    "path",
    [
        "/proc/sysrq-trigger",
        "/proc/kcore",
        "/proc/mtrr",
        "/proc/s",
        "/proc/acpi/wakeup",
        "/proc/bus/pci/00/00.0",
        "/proc/irq/1/smp_affinity",
        "/proc/sy/x",
        "/proc/syn/x",
        "/proc/sysv/x",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/k",
        "/proc/sys/kernel",
        "/proc/sys/kernels/x",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/s",
        "/proc/sys/kernel/sched_rt_runtime_us",
        "/proc/sys/kernel/sysrq",
        "/proc/sys/kernel/seccomp/actions_logged",
        "/proc/sys/kernel/softlockup_panic",
        "/sys/kernel/uevent_helper",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/firmware/efi/vars/x",
        "/sys/f",
        "/sys/fs/bpf/x",
        "/sys/fs/selinux/enforce",
        "/sys/fs/cg/x",
        "/sys/fs/cgroups/x",
        "/sys/module/x/parameters/y",
        "/sys/devices/virtual/powercap/intel-rapl/enabled",
    ],
)
def test_what_reaches_the_machine_is_not_written(path: str):
    assert denied(path)


@pytest.mark.parametrize("path", ["/proc/kcore", "/proc/sysrq-trigger", "/sys/firmware/acpi/tables/DSDT"])
def test_what_is_not_even_read(path: str):
    assert denied(path, "r")


@pytest.mark.parametrize(
    "path",
    [
        "/proc/1/oom_score_adj",
        "/proc/12/attr/apparmor/exec",
        "/proc/9/task/10/comm",
        "/proc/sys/kernel/shmmax",
        "/proc/sys/kernel/shm_rmid_forced",
        "/proc/sys/kernel/sem",
        "/sys/fs/cgroup/x/cgroup.procs",
        "/etc/hosts",
        "/dev/null",
        "/srv/proc/kcore",
        "/srv/sys/kernel/x",
    ],
)
def test_what_is_the_containers_own_is_free(path: str):
    assert not denied(path)
    assert not denied(path, "r")


PATHS = st.text("abk/", max_size=6)


@given(st.sets(st.text("abk/", min_size=1, max_size=4), min_size=1, max_size=3), PATHS)
def test_patterns_for_all_but_some_beginnings(prefixes: set[str], path: str):
    found = any(matches(pattern, path) for pattern in without(prefixes))
    assert found == (path != "" and not any(path.startswith(prefix) for prefix in prefixes))


def test_names_and_senders():
    text = profile_text("mine", daemon="/usr/bin/boxship")
    assert text.startswith('profile "mine" flags=(attach_disconnected, mediate_deleted) {')
    assert 'signal (receive) peer="/usr/bin/boxship",' in text
    assert 'signal (receive) peer="unconfined",' in text
    assert "deny mount," in text
    assert "pivot_root" not in text
    assert profile_text().count('peer="unconfined"') == 1


def profile_of(**fields: object) -> str | None:
    features = fields.pop("features", APPARMOR)
    process = spec(config=config(), host=host(**fields), features=features)["process"]
    exec = ExecConfig(cmd=["true"], privileged=True)
    joined = build_exec_process(config(), host(**fields), features, exec)
    assert joined.get("apparmorProfile") == process.get("apparmorProfile")
    return process.get("apparmorProfile")


def test_which_profile_confines():
    assert profile_of() == DEFAULT_PROFILE
    assert profile_of(SecurityOpt=["apparmor=docker-default"]) == DEFAULT_PROFILE
    assert profile_of(SecurityOpt=["apparmor=mine"]) == "mine"
    assert profile_of(SecurityOpt=["apparmor:unconfined"]) == "unconfined"
    assert profile_of(Privileged=True) == "unconfined"
    assert profile_of(Privileged=True, SecurityOpt=["apparmor=mine"]) == "unconfined"


def test_hosts_without_apparmor_or_without_its_parser():
    assert profile_of(features=FEATURES) is None
    assert profile_of(features=FEATURES, SecurityOpt=["apparmor=mine"]) is None
    without_parser = replace(APPARMOR, apparmor_parser="")
    assert profile_of(features=without_parser) == "unconfined"
    assert profile_of(features=without_parser, SecurityOpt=["apparmor=mine"]) == "mine"
