"""`boxship network connect`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS] NETWORK CONTAINER"
ABOUT = "Connect a container to a network"
ARGS = (2, 2)
COMPLETES = "networks"
FLAGS = (
    Flag("alias", "", "strings", "One more name of the container in that network", many="list"),
    Flag("driver-opt", "", "strings", "Options of the network's driver", many="list"),
    Flag("gw-priority", "", "int", "The network with the highest number has the way out"),
    Flag("ip", "", "string", "IPv4 address"),
    Flag("ip6", "", "string", "IPv6 address"),
    Flag("link", "", "list", "Another container under an alias, container:alias"),
    Flag("link-local-ip", "", "strings", "Link-local addresses", many="list"),
)


def run(cli: Cli, parsed: Parsed) -> int:
    """Connect. DaemonError."""
    network, container = parsed.args
    settings: dict[str, Any] = {
        "Aliases": parsed.list("alias"),
        "Links": parsed.list("link") or None,
        "DriverOpts": dict(text.partition("=")[::2] for text in parsed.list("driver-opt")),
        "GwPriority": parsed.number("gw-priority"),
    }
    addresses = {
        "IPv4Address": parsed.text("ip"),
        "IPv6Address": parsed.text("ip6"),
        "LinkLocalIPs": parsed.list("link-local-ip"),
    }
    settings["IPAMConfig"] = {key: value for key, value in addresses.items() if value}
    cli.client.call("POST", f"/networks/{network}/connect", body={"Container": container, "EndpointConfig": settings})
    return 0
