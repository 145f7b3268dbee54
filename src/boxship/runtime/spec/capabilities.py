"""The capabilities of a container: Docker's default set, --cap-add, --cap-drop, --privileged."""

from boxship.kernel.process import CAPABILITIES
from boxship.lib.errors import InvalidParameter
from boxship.model.config import HostConfig
from boxship.runtime.spec.features import HostFeatures

DEFAULT_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)

_ALL = "ALL"
_KNOWN = frozenset(f"CAP_{name}" for name in CAPABILITIES)


def container_capabilities(host: HostConfig, features: HostFeatures) -> tuple[str, ...]:
    """The names ("CAP_…") for all sets of the container's first process.

    InvalidParameter for names that the kernel, or this machine, does not have. A default that this machine can't
    give is left out, as a container that needs it says so itself.
    """
    available = features.capabilities
    added = _names(host.cap_add, "CapAdd", available)
    dropped = _names(host.cap_drop, "CapDrop", available)
    if host.privileged:
        return available
    if not added and not dropped:
        return tuple(name for name in DEFAULT_CAPABILITIES if name in available)
    if _ALL in added:
        return tuple(name for name in available if name not in dropped)
    base = [] if _ALL in dropped else [name for name in DEFAULT_CAPABILITIES if name not in dropped]
    base += [name for name in added if name not in base]
    return tuple(name for name in base if name in available)


def _names(wanted: list[str] | None, field: str, available: tuple[str, ...]) -> list[str]:
    names = []
    for entry in wanted or ():
        name = entry.upper()
        if name == _ALL:
            names.append(name)
            continue
        if not name.startswith("CAP_"):
            name = f"CAP_{name}"
        if name not in _KNOWN:
            raise InvalidParameter(f'invalid {field}: unknown capability: "{name}"')
        if name not in available:
            raise InvalidParameter(
                f"invalid {field}: capability not supported by your kernel or not available in the current "
                f'environment: "{name}"'
            )
        if name not in names:
            names.append(name)
    return names
