"""`--security-opt`: no-new-privileges, seccomp, AppArmor, SELinux labels."""

from dataclasses import dataclass
from typing import Any

from boxship.lib.errors import BoxshipError
from boxship.model.config import HostConfig
from boxship.runtime.profiles.apparmor import DEFAULT_PROFILE
from boxship.runtime.profiles.render import read_profile, render
from boxship.runtime.profiles.seccomp import default_profile
from boxship.runtime.spec.features import HostFeatures

UNCONFINED = "unconfined"
_BUILTIN = ("", "builtin")
_DOCKERS_DEFAULT = "docker-default"
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class Security:
    """seccomp: "" for the default, "unconfined", "builtin" or a profile's JSON; apparmor: "" for the default.

    labels: SELinux label options. no_new_privileges, writable_cgroups: None for the default.
    """

    no_new_privileges: bool | None = None
    seccomp: str = ""
    apparmor: str = ""
    labels: tuple[str, ...] = ()
    writable_cgroups: bool | None = None


_DEFAULT = Security()


def read_security(options: list[str] | None) -> Security:
    """The options of a HostConfig. BoxshipError (500, as Docker) for what is none."""
    if not options:
        return _DEFAULT
    values: dict[str, Any] = {}
    labels: list[str] = []
    for option in options:
        if option in ("no-new-privileges", "writable-cgroups"):
            values[option.replace("-", "_")] = True
            continue
        if option == "disable":
            labels.append(option)
            continue
        separator = "=" if "=" in option else ":"
        key, found, value = option.partition(separator)
        if not found:
            raise BoxshipError(f'invalid --security-opt 1: "{option}"')
        match key:
            case "label":
                labels.append(value)
            case "apparmor" | "seccomp":
                values[key] = value
            case "no-new-privileges" | "writable-cgroups" if value in _TRUE or value in _FALSE:
                values[key.replace("-", "_")] = value in _TRUE
            case _:
                raise BoxshipError(f'invalid --security-opt 2: "{option}"')
    return Security(labels=tuple(labels), **values)


def check_security(host: HostConfig, features: HostFeatures) -> list[str]:
    """Warnings about the security options that this machine can't honour. Errors as `read_security`."""
    security = read_security(host.security_opt)
    warnings: list[str] = []
    if security.seccomp not in (*_BUILTIN, UNCONFINED):
        read_profile(security.seccomp)
        if not features.seccomp:
            raise BoxshipError("seccomp is not enabled in your kernel, cannot run a custom seccomp profile")
    elif security.seccomp != UNCONFINED and not features.seccomp and not host.privileged:
        raise BoxshipError(
            "seccomp is not enabled in your kernel; to run without it: --security-opt seccomp=unconfined"
        )
    if security.apparmor not in ("", UNCONFINED) and not features.apparmor:
        warnings.append(f"Your kernel does not support AppArmor: the profile {security.apparmor} has no effect.")
    if any(label != "disable" for label in security.labels) and not features.selinux:
        warnings.append("SELinux is not enabled for this daemon: the container gets no label.")
    return warnings


def apparmor_profile(security: Security, host: HostConfig, features: HostFeatures) -> str:
    """The AppArmor profile that confines the container, "" where there is none to be had.

    Docker's name for the default means ours. A privileged container is unconfined, whatever it asks for.
    """
    if not features.apparmor:
        return ""
    if host.privileged:
        return UNCONFINED
    if security.apparmor not in ("", _DOCKERS_DEFAULT, DEFAULT_PROFILE):
        return security.apparmor
    return DEFAULT_PROFILE if features.apparmor_parser else UNCONFINED


def seccomp_profile(
    security: Security, host: HostConfig, capabilities: tuple[str, ...], features: HostFeatures
) -> dict[str, Any] | None:
    """`linux.seccomp`, None for an unconfined container. The default profile's dict is shared: not to be changed."""
    if security.seccomp == UNCONFINED or (host.privileged and not security.seccomp):
        return None
    if not features.seccomp:
        return None
    held = frozenset(capabilities)
    wanted = security.seccomp or features.seccomp_default
    if wanted == UNCONFINED:
        return None
    if wanted in _BUILTIN:
        return default_profile(held, features.machine, features.kernel)
    return render(read_profile(wanted), held, features.machine, features.kernel)
