"""`--sysctl`: only what belongs to a namespace of the container."""

from boxship.lib.errors import InvalidParameter
from boxship.model.config import HostConfig
from boxship.runtime.spec.namespaces import network_is_host

_IPC = frozenset(
    f"kernel.{name}"
    for name in (
        *("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"),
        *("msg_next_id", "sem_next_id", "shm_next_id", "auto_msgmni"),
    )
)
# What Docker sets in every network namespace of its own: ping and ports below 1024 without capabilities.
_NETWORK_DEFAULTS = {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
}


def check_sysctls(host: HostConfig) -> None:
    """InvalidParameter for a sysctl that would change the host."""
    for written in host.sysctls or ():
        key = _dotted(written)
        if key in _IPC or key.startswith("fs.mqueue."):
            if host.ipc_mode == "host":
                raise InvalidParameter(f'sysctl "{key}" is not allowed in the hosts ipc namespace')
        elif key.startswith("net."):
            if network_is_host(host):
                raise InvalidParameter(f'sysctl "{key}" not allowed in host network namespace')
        elif key == "kernel.hostname" and host.uts_mode != "host":
            raise InvalidParameter(f'sysctl "{key}" is not allowed as it conflicts with the OCI "hostname" field')
        elif key != "kernel.domainname" or host.uts_mode == "host":
            raise InvalidParameter(f'sysctl "{key}" is not in a separate kernel namespace')


def build_sysctls(host: HostConfig) -> dict[str, str]:
    """`linux.sysctl`: Docker's defaults for a network namespace, then what was asked for."""
    values = {} if network_is_host(host) or host.network_mode.startswith("container:") else _NETWORK_DEFAULTS
    return {**values, **{_dotted(key): value for key, value in (host.sysctls or {}).items()}}


def _dotted(key: str) -> str:
    """The name with dots: `net/ipv4/conf/eth0.1/forwarding` is written with slashes for a dot within a part."""
    first = next((letter for letter in key if letter in "./"), ".")
    if first == ".":
        return key
    return key.replace(".", "\0").replace("/", ".").replace("\0", "/")
