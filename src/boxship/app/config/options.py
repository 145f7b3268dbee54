"""The daemon's options: what each is called on the command line and in the configuration file, and what it takes."""

from dataclasses import dataclass

TEXT = "text"
SWITCH = "true or false"
NUMBER = "number"
# May be given again; a list in the file.
LIST = "list"
# KEY=VALUE, may be given again; a table in the file.
PAIRS = "table"
# NAME=PATH, may be given again; a table of tables in the file.
RUNTIMES = "table of runtimes"
# NAME=SOFT[:HARD], may be given again; a table in the file.
ULIMITS = "table of limits"
# [registry."host"], a table of tables; only in the file.
REGISTRIES = "table of registries"


@dataclass(frozen=True, slots=True)
class Option:
    """flag: without its dashes. field: of DaemonConfig, where it is not the flag's name; the file's key is the field's
    name with dashes. short: its letter. file_only: the command line does not know it.
    """

    flag: str
    kind: str = TEXT
    field: str = ""
    short: str = ""
    file_only: bool = False

    @property
    def name(self) -> str:
        """The field of DaemonConfig."""
        return self.field or self.flag.replace("-", "_")

    @property
    def key(self) -> str:
        """Its name in the configuration file."""
        return self.name.replace("_", "-")


OPTIONS = (
    Option("add-runtime", RUNTIMES, "runtimes"),
    Option("cgroup-parent"),
    Option("data-root"),
    Option("debug", SWITCH, short="D"),
    Option("default-cgroupns-mode"),
    Option("default-ipc-mode"),
    Option("default-runtime"),
    Option("default-shm-size"),
    Option("default-ulimit", ULIMITS, "default_ulimits"),
    Option("exec-opt", LIST, "exec_opts"),
    Option("group", short="G"),
    Option("host", LIST, "hosts", short="H"),
    Option("http-proxy"),
    Option("https-proxy"),
    Option("init", SWITCH),
    Option("init-path"),
    Option("insecure-registry", LIST, "insecure_registries"),
    Option("label", LIST, "labels"),
    Option("live-restore", SWITCH),
    Option("log-driver"),
    Option("log-level"),
    Option("log-opt", PAIRS, "log_opts"),
    Option("max-concurrent-downloads", NUMBER),
    Option("max-concurrent-uploads", NUMBER),
    Option("no-new-privileges", SWITCH),
    Option("no-proxy"),
    Option("pidfile"),
    Option("registry", REGISTRIES, file_only=True),
    Option("registry-mirror", LIST, "registry_mirrors"),
    Option("run-root"),
    Option("seccomp-profile"),
    Option("selinux-enabled", SWITCH),
    Option("shutdown-timeout", NUMBER),
    Option("snapshotter"),
    Option("tls", SWITCH),
    Option("tlscacert"),
    Option("tlscert"),
    Option("tlskey"),
    Option("tlsverify", SWITCH),
    Option("userns-remap"),
)
