"""`boxship update`."""

from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.options.config import restart_policy
from boxship.cli.output import out
from boxship.cli.several import for_each
from boxship.cli.values import swap_size

USAGE = "[OPTIONS] CONTAINER [CONTAINER...]"
ABOUT = "Change limits and restart policy of containers"
ARGS = (1, -1)
COMPLETES = "containers"
FLAGS = (
    Flag("blkio-weight", "", "uint16", "Share of block I/O, 10 to 1000, 0 to leave it"),
    Flag("cpu-period", "", "int", "CFS period in microseconds"),
    Flag("cpu-quota", "", "int", "CFS quota in microseconds of each period"),
    Flag("cpu-rt-period", "", "int", "Real-time period in microseconds"),
    Flag("cpu-rt-runtime", "", "int", "Real-time runtime in microseconds"),
    Flag("cpu-shares", "c", "int", "Share of CPU time against other containers"),
    Flag("cpus", "", "decimal", "Number of CPUs it may use"),
    Flag("cpuset-cpus", "", "string", "CPUs it may run on, such as 0-3 or 0,1"),
    Flag("cpuset-mems", "", "string", "Memory nodes it may use"),
    Flag("kernel-memory", "", "bytes", "Of no effect", hidden=True),
    Flag("memory", "m", "bytes", "Memory limit"),
    Flag("memory-reservation", "", "bytes", "Memory it should stay below when the machine is short of it"),
    Flag("memory-swap", "", "bytes", "Memory and swap together, -1 for unlimited swap", swap_size),
    Flag("pids-limit", "", "int", "Number of processes, -1 for no limit"),
    Flag("restart", "", "string", "When to start it again: no, on-failure[:n], always, unless-stopped"),
)

_WIRE = {
    "blkio-weight": "BlkioWeight",
    "cpu-period": "CpuPeriod",
    "cpu-quota": "CpuQuota",
    "cpu-rt-period": "CpuRealtimePeriod",
    "cpu-rt-runtime": "CpuRealtimeRuntime",
    "cpu-shares": "CpuShares",
    "cpus": "NanoCpus",
    "cpuset-cpus": "CpusetCpus",
    "cpuset-mems": "CpusetMems",
    "memory": "Memory",
    "memory-reservation": "MemoryReservation",
    "memory-swap": "MemorySwap",
    "pids-limit": "PidsLimit",
}


def run(cli: Cli, parsed: Parsed) -> int:
    """Change all, print each name, then what the engine warns of. CliError."""
    if not parsed.given:
        raise CliError("you must provide one or more flags when using this command")
    body = {wire: parsed.given[flag] for flag, wire in _WIRE.items() if flag in parsed.given}
    if parsed.text("restart"):
        try:
            body["RestartPolicy"] = restart_policy(parsed.text("restart"))
        except ValueError as error:
            raise CliError(str(error)) from None
    warnings: list[str] = []

    def ask(name: str) -> None:
        answer = cli.client.again().call("POST", f"/containers/{name}/update", body=body)
        warnings.extend(answer.get("Warnings") or [])

    try:
        return for_each(parsed.args, ask)
    finally:
        if warnings:
            out("\n".join(warnings) + "\n")
