"""`--security-opt`: no-new-privileges, seccomp, AppArmor, SELinux labels."""

from dataclasses import dataclass
from typing import Any

from boxship.lib.errors import BoxshipError, Unsupported
from boxship.model.config import HostConfig
from boxship.runtime.profiles.render import read_profile, render
from boxship.runtime.profiles.seccomp import default_profile
from boxship.runtime.spec.features import HostFeatures

UNCONFINED = "unconfined"
_BUILTIN = ("", "builtin")
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class Security:
    """seccomp: "" for the default, "unconfined", "builtin" or a profile's JSON; apparmor: "" for the default.

    labels: SELinux label options. writable_cgroups: None for the default.
    """

    no_new_privileges: bool = False
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
        if option == "no-new-privileges":
            values["no_new_privileges"] = True
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
    """Warnings about the security options. Errors as `read_security`; Unsupported for what is not enforced here."""
    security = read_security(host.security_opt)
    warnings = []
    if security.seccomp not in (*_BUILTIN, UNCONFINED):
        read_profile(security.seccomp)
        if not features.seccomp:
            raise BoxshipError("seccomp is not enabled in your kernel, cannot run a custom seccomp profile")
    elif security.seccomp != UNCONFINED and not features.seccomp and not host.privileged:
        raise BoxshipError(
            "seccomp is not enabled in your kernel; to run without it: --security-opt seccomp=unconfined"
        )
    if features.apparmor:
        if security.apparmor not in ("", UNCONFINED):
            raise Unsupported(
                f"AppArmor profile {security.apparmor} cannot be applied: AppArmor is not supported yet\n"
                "  to run without it:   --security-opt apparmor=unconfined"
            )
        if not security.apparmor and not host.privileged:
            warnings.append("AppArmor is not supported yet: the container runs without an AppArmor profile.")
    if features.selinux and any(label != "disable" for label in security.labels):
        raise Unsupported("SELinux labels are not supported yet\n  to run without them: --security-opt label=disable")
    return warnings


def seccomp_profile(
    security: Security, host: HostConfig, capabilities: tuple[str, ...], features: HostFeatures
) -> dict[str, Any] | None:
    """`linux.seccomp`, None for an unconfined container. The default profile's dict is shared: not to be changed."""
    if security.seccomp == UNCONFINED or (host.privileged and not security.seccomp):
        return None
    if not features.seccomp:
        return None
    held = frozenset(capabilities)
    if security.seccomp in _BUILTIN:
        return default_profile(held, features.machine, features.kernel)
    return render(read_profile(security.seccomp), held, features.machine, features.kernel)
