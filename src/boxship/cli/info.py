"""`boxship info`."""

from boxship import __version__
from boxship.cli.context import Cli, CliError
from boxship.cli.flags import Flag, Parsed
from boxship.cli.output import err, out
from boxship.cli.units import binary_size
from boxship.lib.errors import BoxshipError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = "[OPTIONS]"
ABOUT = "Show what the engine is and how it is set up"
ARGS = (0, 0)
FLAGS = (Flag("format", "f", "string", "json, or a Go template"),)


def run(cli: Cli, parsed: Parsed) -> int:
    """Print it. CliError."""
    info: dict[str, Any] = {}
    failure: BoxshipError | None = None
    try:
        info = cli.client.call("GET", "/info")
    except BoxshipError as error:
        failure = error
    text = parsed.text("format")
    client = {"Debug": cli.debug, "Version": __version__, "Context": cli.context_name, "Plugins": [], "Warnings": None}
    if text:
        out(_formatted(text, {**info, "ClientInfo": client}))
    else:
        lines = ["Client: Boxship", f" Version:    {__version__}", f" Context:    {cli.context_name}"]
        lines += [f" Debug Mode: {_yes(cli.debug)}", "", "Server:"]
        if info:
            lines += [*_server(info), ""]
        out("".join([f"{line}\n" for line in lines]))
        for warning in info.get("Warnings") or ():
            err(f"{warning}\n")
    if failure is not None:
        from boxship.cli.main import describe

        raise CliError(describe(failure) if text else f"ERROR: {describe(failure)}\nerrors pretty printing info")
    return 0


def _yes(value: object) -> str:
    return "true" if value else "false"


def _server(info: "dict[str, Any]") -> list[str]:
    """The lines of the engine's part, in Docker's order."""
    plugins = info.get("Plugins") or {}
    lines = [
        f" Containers: {info['Containers']}",
        f"  Running: {info['ContainersRunning']}",
        f"  Paused: {info['ContainersPaused']}",
        f"  Stopped: {info['ContainersStopped']}",
        f" Images: {info['Images']}",
        f" Server Version: {info['ServerVersion']}",
        f" Storage Driver: {info['Driver']}",
        *[f"  {name}: {value}" for name, value in info.get("DriverStatus") or ()],
        f" Logging Driver: {info['LoggingDriver']}",
        f" Cgroup Driver: {info['CgroupDriver']}",
        f" Cgroup Version: {info.get('CgroupVersion', '1')}",
        " Plugins:",
        f"  Volume: {' '.join(plugins.get('Volume') or ())}",
        f"  Network: {' '.join(plugins.get('Network') or ())}",
    ]
    lines += [f"  Authorization: {' '.join(plugins['Authorization'])}"] if plugins.get("Authorization") else []
    lines.append(f"  Log: {' '.join(plugins.get('Log') or ())}")
    if info.get("CDISpecDirs"):
        lines += [" CDI spec directories:", *[f"  {folder}" for folder in info["CDISpecDirs"]]]
    lines.append(f" Swarm: {(info.get('Swarm') or {}).get('LocalNodeState', 'inactive')}")
    if info.get("Runtimes"):
        lines += [f" Runtimes: {' '.join(sorted(info['Runtimes']))}", f" Default Runtime: {info['DefaultRuntime']}"]
    lines.append(f" Init Binary: {info.get('InitBinary', '')}")
    for key, name in (("ContainerdCommit", "containerd"), ("RuncCommit", "runc"), ("InitCommit", "init")):
        lines.append(f" {name} version: {(info.get(key) or {}).get('ID', '')}")
    if info.get("SecurityOptions"):
        lines.append(" Security Options:")
        lines += [line for option in info["SecurityOptions"] for line in _security(option)]
    lines += [
        f" Kernel Version: {info.get('KernelVersion', '')}",
        f" Operating System: {info.get('OperatingSystem', '')}",
        f" OSType: {info.get('OSType', '')}",
        f" Architecture: {info.get('Architecture', '')}",
        f" CPUs: {info.get('NCPU', 0)}",
        f" Total Memory: {binary_size(info.get('MemTotal', 0))}",
        f" Name: {info.get('Name', '')}",
        f" ID: {info.get('ID', '')}",
        f" Docker Root Dir: {info.get('DockerRootDir', '')}",
        f" Debug Mode: {_yes(info.get('Debug'))}",
    ]
    for key, name in (("HttpProxy", "HTTP Proxy"), ("HttpsProxy", "HTTPS Proxy"), ("NoProxy", "No Proxy")):
        lines += [f" {name}: {info[key]}"] if info.get(key) else []
    if info.get("Labels"):
        lines += [" Labels:", *[f"  {label}" for label in info["Labels"]]]
    lines.append(f" Experimental: {_yes(info.get('ExperimentalBuild'))}")
    return lines + _registries(info)


def _security(option: str) -> list[str]:
    pairs = [pair.partition("=")[::2] for pair in option.split(",")]
    name = next((value for key, value in pairs if key == "name"), option)
    others = [f"   {key.capitalize()}: {value}" for key, value in pairs if key != "name" and value]
    return [f"  {name}", *others]


def _registries(info: "dict[str, Any]") -> list[str]:
    registry = info.get("RegistryConfig") or {}
    lines: list[str] = []
    insecure = [name for name, config in (registry.get("IndexConfigs") or {}).items() if not config.get("Secure")]
    insecure += registry.get("InsecureRegistryCIDRs") or []
    if insecure:
        lines += [" Insecure Registries:", *[f"  {name}" for name in insecure]]
    if registry.get("Mirrors"):
        lines += [" Registry Mirrors:", *[f"  {mirror}" for mirror in registry["Mirrors"]]]
    lines.append(f" Live Restore Enabled: {_yes(info.get('LiveRestoreEnabled'))}")
    if info.get("ProductLicense"):
        lines.append(f" Product License: {info['ProductLicense']}")
    return lines


def _formatted(text: str, info: "dict[str, Any]") -> str:
    if text == "json":
        from boxship.client.json import compact

        return compact(info) + "\n"
    from boxship.cli.objects import lookup_of, read
    from boxship.cli.template.execute import execute
    from boxship.cli.template.nodes import TemplateError

    try:
        return execute(read(text), info, lookup_of(info, "system.dockerInfo", {})) + "\n"
    except TemplateError as error:
        out("\n")
        raise CliError(str(error)) from None
