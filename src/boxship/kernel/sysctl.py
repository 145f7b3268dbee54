"""Settings below /proc/sys/net, of the network namespace that the calling thread is in (ip-sysctl of the kernel)."""

from __future__ import annotations

import os


def get(key: str) -> str:
    """A setting such as "ipv4/ip_forward", "" when this kernel has it not."""
    try:
        with open(f"/proc/sys/net/{key}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def put(key: str, value: str) -> None:
    """Write a setting unless it has the value; one that this kernel has not is passed over. OSError names it."""
    if get(key) in (value, ""):
        return
    try:
        with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
            file.write(value)
    except OSError as error:
        raise OSError(error.errno, f"set net/{key} to {value}: {error.strerror}") from error


def forward_packets(ipv6: bool) -> None:
    """Let the kernel send packets on; routers' advertisements that were heeded go on being heeded."""
    put("ipv4/ip_forward", "1")
    if not ipv6 or get("ipv6/conf/all/forwarding") == "1":
        return
    for name in os.listdir("/proc/sys/net/ipv6/conf"):
        if get(f"ipv6/conf/{name}/accept_ra") == "1":
            put(f"ipv6/conf/{name}/accept_ra", "2")
    put("ipv6/conf/all/forwarding", "1")
