"""`boxship port`: where a container's ports can be reached."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import out
from boxship.client.text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "CONTAINER [PRIVATE_PORT[/PROTO]]"
ABOUT = "Show where a container's ports can be reached"
ARGS = (1, 2)
COMPLETES = "running"
FLAGS: tuple[Flag, ...] = ()


def run(cli: Cli, parsed: Parsed) -> int:
    """Print a line for each binding. CliError when the port that was asked for is not published, DaemonError."""
    name = parsed.args[0]
    ports = cli.client.call("GET", f"/containers/{quote(name, b'/:@')}/json", [])["NetworkSettings"]["Ports"] or {}
    if len(parsed.args) > 1:
        number, _, protocol = parsed.args[1].partition("/")
        if not number.isdecimal() or not 0 < int(number) < 65536:
            raise CliError(f"Error: invalid port '{number}': invalid syntax")
        wanted = f"{int(number)}/{protocol or 'tcp'}"
        if not ports.get(wanted):
            raise CliError(f"Error: No public port '{wanted}' published for {name}")
        out("".join([f"{_where(one)}\n" for one in ports[wanted]]))
        return 0
    order = sorted(ports, key=lambda port: (int(port.partition("/")[0]), port))
    out("".join([f"{port} -> {_where(one)}\n" for port in order for one in ports[port] or ()]))
    return 0


def _where(binding: "dict[str, Any]") -> str:
    address, port = binding["HostIp"], binding["HostPort"]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
