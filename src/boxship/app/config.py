"""What `boxship daemon` is told: by its command line, else by its configuration file, else by default."""

import hashlib
import os
from dataclasses import dataclass, fields, replace
from typing import Any

from boxship.engine.config import EngineConfig
from boxship.lib.errors import InvalidParameter
from boxship.runtime.runtimes import BUILT_IN, runtime_command

CONFIG_FILE = "/etc/boxship/config.toml"
LEVELS = ("debug", "info", "warn", "error", "fatal")

HELP = f"""Usage:  boxship daemon [OPTIONS]

Run the engine in the foreground. Containers go on running when it ends.

Options:
      --add-runtime N=PATH  OCI runtime that containers may name, may be given again (crun and runc are found on PATH)
      --config FILE         Configuration file (default "{CONFIG_FILE}")
      --data-root FOLDER    What must survive (default "/var/lib/boxship")
  -D, --debug               Say more
      --default-runtime N   What runs containers that name no runtime (default "{BUILT_IN}")
      --exec-opt KEY=VALUE  native.cgroupdriver=systemd or cgroupfs: who makes control groups
                            (default: systemd where it runs with cgroup v2)
  -G, --group NAME          Group that may use the socket (default "boxship", where there is one)
  -H, --host ADDRESS        unix:///path or tcp://address:port, may be given again
                            (default "unix://<run-root>/boxship.sock")
      --init                Run an init in containers to forward signals and reap processes
      --init-path FILE      That init (default: the first of docker-init, tini-static, catatonit)
      --log-driver NAME     Where containers log that ask for nothing else (default "local")
      --log-level LEVEL     {", ".join(LEVELS)} (default "info")
      --log-opt KEY=VALUE   Option of that log driver, may be given again
      --pidfile FILE        Write the process id there
      --run-root FOLDER     What lasts until the machine restarts (default "/run/boxship")
      --selinux-enabled     Give containers SELinux labels
      --tls                 Speak TLS on tcp:// and let any client in: on the loopback only
      --tlscacert FILE      Certificates that sign the clients'
      --tlscert FILE        Certificate of this daemon
      --tlskey FILE         Its key
      --tlsverify           Speak TLS on tcp:// and let in clients with a certificate of --tlscacert
"""


class UsageError(InvalidParameter):
    """The command line or the configuration file can't be understood."""


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """Folders are absolute. hosts: "unix:///path" or "tcp://address:port", none for the default."""

    data_root: str = "/var/lib/boxship"
    run_root: str = "/run/boxship"
    hosts: tuple[str, ...] = ()
    group: str = ""
    log_level: str = "info"
    log_driver: str = "local"
    log_opts: tuple[tuple[str, str], ...] = ()
    exec_opts: tuple[str, ...] = ()
    pidfile: str = ""
    debug: bool = False
    init: bool = False
    init_path: str = ""
    selinux_enabled: bool = False
    userns_remap: str = ""
    default_runtime: str = BUILT_IN
    runtimes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tls: bool = False
    tlsverify: bool = False
    tlscacert: str = ""
    tlscert: str = ""
    tlskey: str = ""

    def addresses(self) -> tuple[str, ...]:
        """Where to listen."""
        return self.hosts or (f"unix://{self.run_root}/boxship.sock",)

    @property
    def cgroup_driver(self) -> str:
        """What --exec-opt says, the last of several; "" to choose."""
        return next((option.partition("=")[2] for option in reversed(self.exec_opts)), "")

    def for_engine(self) -> EngineConfig:
        """The engine's part. Two daemons on one machine have other roots, and so other names for all they share."""
        roots = f"{os.path.realpath(self.data_root)}\0{os.path.realpath(self.run_root)}"
        sockets = [address.removeprefix("unix://") for address in self.addresses() if address.startswith("unix://")]
        return EngineConfig(
            data_root=self.data_root,
            run_root=self.run_root,
            instance=hashlib.sha256(roots.encode()).hexdigest()[:8],
            socket=sockets[0] if sockets else "",
            log_driver=self.log_driver,
            log_options=self.log_opts,
            debug=self.debug,
            default_runtime=self.default_runtime,
            runtimes=self.runtimes,
        )


_SHORT = {"-D": "--debug", "-G": "--group", "-H": "--host", "-h": "--help"}
_SWITCHES = ("debug", "init", "selinux-enabled", "tls", "tlsverify")
_FILES = ("tlscacert", "tlscert", "tlskey")
_TEXT = (
    *("data-root", "run-root", "group", "log-level", "log-driver", "pidfile", "init-path", "config"),
    *("default-runtime", "userns-remap", *_FILES),
)
_LISTS = ("host", "log-opt", "add-runtime", "exec-opt")
CGROUP_DRIVER = "native.cgroupdriver"


def parse_arguments(arguments: list[str]) -> DaemonConfig | None:
    """The configuration that a command line gives; None when it asks for help. UsageError.

    Not argparse: it would stay in the daemon's memory for good.
    """
    given: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if word[:2] in _SHORT and len(word) > 2 and not word.startswith("--"):
            # -Hunix:///path
            name, equals, value = _SHORT[word[:2]], "=", word[2:].removeprefix("=")
        if name == "--help":
            return None
        key = name.removeprefix("--")
        if name.startswith("--") and key in _SWITCHES:
            given[key] = value.lower() not in ("false", "0") if equals else True
            continue
        if not name.startswith("--") or key not in (*_TEXT, *_LISTS):
            raise UsageError(f"{'unknown flag' if word.startswith('-') else 'unexpected argument'}: {word}")
        if not equals:
            if not rest:
                raise UsageError(f"flag needs an argument: {word}")
            value = rest.pop(0)
        if key in _LISTS:
            given.setdefault(key, []).append(value)
        else:
            given[key] = value
    return _merge(given)


def _merge(given: dict[str, Any]) -> DaemonConfig:
    path = given.pop("config", CONFIG_FILE)
    config = from_file(path) if path != CONFIG_FILE or os.path.exists(path) else DaemonConfig()
    options = given.pop("log-opt", [])
    hosts = given.pop("host", [])
    runtimes = given.pop("add-runtime", [])
    exec_options = given.pop("exec-opt", [])
    changes: dict[str, Any] = {key.replace("-", "_"): value for key, value in given.items()}
    if hosts:
        changes["hosts"] = tuple(hosts)
    if exec_options:
        changes["exec_opts"] = tuple(exec_options)
    if options:
        changes["log_opts"] = tuple((key, value) for key, _, value in (option.partition("=") for option in options))
    if runtimes:
        changes["runtimes"] = tuple({**dict(config.runtimes), **_added(runtimes)}.items())
    return check(replace(config, **changes))


def _added(options: list[str]) -> dict[str, tuple[str, ...]]:
    """--add-runtime NAME=PATH."""
    added: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, _, path = option.partition("=")
        name = name.lower()
        fault = ""
        if not name or not path:
            fault = f"invalid runtime argument: {option}"
        elif name == BUILT_IN:
            fault = f"runtime name '{name}' is reserved"
        elif name in added:
            fault = f"runtime '{name}' was already defined"
        if fault:
            raise UsageError(f'invalid argument "{option}" for "--add-runtime" flag: {fault}')
        added[name] = (path,)
    return added


def from_file(path: str) -> DaemonConfig:
    """The configuration of a TOML file: the long options' names as keys, `hosts` a list, `log-opts` a table, and
    `runtimes` a table of tables with `path` and `runtimeArgs`.

    UsageError, with the file's name, for what is not known or not of its type.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            read = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    types = {field.name: type(field.default) for field in fields(DaemonConfig)}
    values: dict[str, Any] = {}
    for key, value in read.items():
        name = key.replace("-", "_")
        if name not in types:
            known = ", ".join(name.replace("_", "-") for name in types)
            raise UsageError(f"{path}: {key}: unknown key (known are {known})")
        if name == "log_opts" and isinstance(value, dict):
            value = tuple((option, str(text)) for option, text in value.items())
        elif name == "runtimes" and isinstance(value, dict):
            value = tuple((runtime, _command(path, runtime, told)) for runtime, told in value.items())
        elif name in ("hosts", "exec_opts") and isinstance(value, list):
            value = tuple(str(host) for host in value)
        if type(value) is not types[name]:
            raise UsageError(f"{path}: {key}: not a {'table' if name in _TABLES else _WORDS[types[name]]}")
        values[name] = value
    return check(DaemonConfig(**values))


def _command(path: str, name: str, told: Any) -> tuple[str, ...]:
    where = f"{path}: runtimes: {name}"
    if name == BUILT_IN:
        raise UsageError(f"{where}: runtime name '{name}' is reserved")
    if not isinstance(told, dict) or not isinstance(told.get("path"), str) or not told["path"]:
        raise UsageError(f"{where}: a runtime is a table with its path")
    arguments = told.get("runtimeArgs", [])
    if set(told) - {"path", "runtimeArgs"} or not isinstance(arguments, list):
        raise UsageError(f"{where}: a runtime has a path and a list runtimeArgs, nothing else")
    return told["path"], *(str(argument) for argument in arguments)


_TABLES = ("log_opts", "runtimes")
_WORDS = {str: "text", bool: "true or false", tuple: "list"}


def check(config: DaemonConfig) -> DaemonConfig:
    """The configuration with absolute folders. UsageError for what makes no sense."""
    for folder in (config.data_root, config.run_root):
        if not os.path.isabs(folder):
            raise UsageError(f"{folder}: the folders of a daemon must be absolute paths")
    if config.log_level not in LEVELS:
        raise UsageError(f"{config.log_level}: no log level (there are {', '.join(LEVELS)})")
    try:
        runtime_command(config.default_runtime, config.runtimes)
    except InvalidParameter:
        raise UsageError(f"specified default runtime '{config.default_runtime}' does not exist") from None
    if config.userns_remap:
        raise UsageError(
            "--userns-remap is not supported yet, and without it root in a container is root of the machine, with "
            "fewer capabilities\n"
            "  to run a container as somebody else:   docker run --user UID:GID …"
        )
    for option in config.exec_opts:
        key, _, value = option.partition("=")
        if key != CGROUP_DRIVER:
            raise UsageError(f"--exec-opt {option}: no such option (there is {CGROUP_DRIVER})")
        if value not in ("", "systemd", "cgroupfs"):
            raise UsageError(f"{CGROUP_DRIVER} option {value} not supported (there are systemd and cgroupfs)")
    _check_tls(config)
    return replace(config, data_root=os.path.normpath(config.data_root), run_root=os.path.normpath(config.run_root))


def _check_tls(config: DaemonConfig) -> None:
    given = [name for name in _FILES if getattr(config, name)]
    if not config.tls and not config.tlsverify:
        if given:
            # Never in the clear what somebody wanted encrypted.
            raise UsageError(f"--{given[0]} goes with --tlsverify, or with --tls on the loopback; say which")
        return
    needed = _FILES if config.tlsverify else ("tlscert", "tlskey")
    for name in needed:
        if name not in given:
            asked = "--tlsverify" if config.tlsverify else "--tls"
            raise UsageError(f"{asked} needs {', '.join(f'--{each}' for each in needed)}: --{name} is missing")
