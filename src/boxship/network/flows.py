"""What the kernel remembers of UDP, which knows no end of a connection."""

import logging
import socket
from collections.abc import Sequence

from boxship.kernel.netlink import conntrack
from boxship.kernel.netlink.socket import NETLINK_NETFILTER, NetlinkSocket
from boxship.network.rules import Published

log = logging.getLogger("boxship.network")


def forget_flows(published: Sequence[Published]) -> None:
    """Clients of a UDP port that go on sending are led by what the kernel remembers, to where the port led before.

    What is forgotten: flows to the host's port, and those that the container has answered.
    """
    ports = {one.host_port for one in published if one.protocol == "udp"}
    if not ports:
        return
    addresses = {one.address for one in published if one.protocol == "udp"}
    try:
        with NetlinkSocket(NETLINK_NETFILTER) as sock:
            for family in {socket.AF_INET6 if one.version == 6 else socket.AF_INET for one in published}:
                flows = map(conntrack.Flow, sock.dump(conntrack.all_flows(family)))
                old = [
                    one
                    for one in flows
                    if one.protocol == socket.IPPROTO_UDP and (one.port in ports or one.answers in addresses)
                ]
                # Those that have ended by themselves meanwhile are no fault.
                sock.results(*(one.delete() for one in old))
    except OSError as error:
        # A kernel without ctnetlink; only clients that never pause notice.
        log.warning("the kernel's list of connections can't be read: %s", error)
