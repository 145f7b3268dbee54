"""Telling the service manager (sd_notify(3))."""

import os
import socket


def notify(state: str) -> None:
    """Send `state` ("READY=1") to the service manager, if there is one; it is never a reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        # systemd.exec(5): an abstract socket.
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), address)
    except OSError:
        pass
