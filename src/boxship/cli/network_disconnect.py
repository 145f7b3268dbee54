"""`boxship network disconnect`."""

from boxship.cli.context import Cli
from boxship.cli.flags import Flag, Parsed

USAGE = "[OPTIONS] NETWORK CONTAINER"
ABOUT = "Disconnect a container from a network"
ARGS = (2, 2)
COMPLETES = "networks"
FLAGS = (Flag("force", "f", "", "Also where the container is gone"),)


def run(cli: Cli, parsed: Parsed) -> int:
    """Disconnect. DaemonError."""
    network, container = parsed.args
    body = {"Container": container, "Force": parsed.on("force")}
    cli.client.call("POST", f"/networks/{network}/disconnect", body=body)
    return 0
