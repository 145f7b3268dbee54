"""`linux.netDevices`: devices of the host's network namespace that move into the container's, with their addresses.

Source: OCI runtime-spec config-linux.md, "Network Devices". The kernel gives hardware back when the namespace goes.
"""

from __future__ import annotations

import os
import struct

from boxship.kernel import netns
from boxship.kernel.netlink import address, link
from boxship.kernel.netlink.socket import NetlinkError, NetlinkSocket
from boxship.lib.errors import BoxshipError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# struct ifaddrmsg: family, prefix, flags, scope, index (linux/if_addr.h).
_HEADER = struct.Struct("=BBBBI")
_PERMANENT = 0x80
_UNIVERSE = 0


def move_devices(devices: dict[str, Any], path: str) -> None:
    """Move each of them and switch it on there. path: of the container's network namespace.

    devices: as in the spec: by their names here, with the name there. NotFound; BoxshipError with what the kernel
    refuses: those that were moved before go with the namespace.
    """
    target = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with NetlinkSocket() as here:
            for name, device in devices.items():
                _move(here, name, (device or {}).get("name") or name, target)
    except NetlinkError as error:
        raise BoxshipError(f"linux.netDevices: {error.strerror}") from None
    finally:
        os.close(target)


def _move(here: NetlinkSocket, name: str, new: str, target: int) -> None:
    told = here.get(link.by_name(name))
    if told is None:
        raise NotFound(f"linux.netDevices: there is no network device {name} on this host")
    index = link.Link(told).index
    kept = [found for message in here.dump(address.all_addresses()) if (found := _kept(message, index))]
    here.run(link.move(index, new, target))
    with netns.inside(target), NetlinkSocket() as there:
        moved = there.get(link.by_name(new))
        if moved is None:
            raise NotFound(f"linux.netDevices: {name} has not arrived as {new}")
        index = link.Link(moved).index
        there.run(*(address.add_address(index, each, prefix) for each, prefix in kept), link.up(index, new))


def _kept(message: Any, index: int) -> tuple[str, int] | None:
    """An address that goes along: a permanent, global one; the others are made anew by the kernel or by a client."""
    _, prefix, flags, scope, of = _HEADER.unpack_from(message.payload)
    if of != index or scope != _UNIVERSE or not flags & _PERMANENT:
        return None
    return address.Address(message).address, prefix
