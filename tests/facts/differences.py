"""Where we differ from Docker in every answer of a kind, on purpose. docs/compat.md says it to people."""

from __future__ import annotations

from tests.facts.case import Differs

EVERYWHERE: tuple[Differs, ...] = (
    Differs("*.body.GraphDriver", "the storage driver is our own"),
    Differs("*.body.Storage", "the storage driver is our own"),
    Differs("*.stdout.*.GraphDriver", "the storage driver is our own"),
    Differs("*.body.HostConfig.LogConfig", "our default log driver is `local`: rotated, ten times faster"),
    Differs("*.body.LogPath", "`local` has no log path"),
    Differs("*.body.Driver", "the storage driver is our own"),
    Differs("*.body.AppArmorProfile", "as the machine is"),
    Differs("*.body.HostConfig.Runtime", "the built-in runtime has another name than runc"),
    Differs("*.headers.builder-version", "no BuildKit yet: the client's classic builder"),
    Differs("*.body.NetworkSettings.SandboxKey", "a namespace is no file: /proc has it"),
    Differs("*.stdout.*.NetworkSettings.SandboxKey", "a namespace is no file: /proc has it"),
)

# What another runtime (BOXSHIP_TEST_RUNTIME) does its own way, by the names of cases.
BY_RUNTIME: dict[str, dict[str, str]] = {
    "crun": {
        "in-devices": "crun makes /dev/core",
        "in-dev-links": "crun makes /dev/core",
        "in-mounts": "crun mounts control groups in another order",
        "in-mount-options": "crun masks below /proc with the host's /dev/null, read-only",
        "in-cgroup-list": "crun 1.8 makes links for net_cls and net_prio",
        "run-bad-format": "crun tells it as JSON, exit code 1",
        "security-sysctl-missing": "crun has other words",
        "security-sysctl-slashes": "crun has other words",
        "security-ulimit-above-the-hosts": "crun has other words",
    },
    "runc": {
        "in-mount-options": "runc 1.1 masks folders with a tmpfs of any size",
        "run-is-folder": "runc 1.1 has other words",
        "run-bad-format": "runc 1.1 has another exit code",
    },
}
