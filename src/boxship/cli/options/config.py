"""The body of POST /containers/create, from the flags of `run` and `create`.

Every key that the docker CLI sends is sent, with the same empty values: the engine keeps what it was sent, and
`inspect` shows the difference between null and []. (What the docker CLI 28.5.2 sends was recorded.)
"""

from boxship.cli.context import CliError
from boxship.cli.options.files import BadFile, pairs, security

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from boxship.cli.flags import Parsed

_HEALTH = (
    "health-cmd",
    "health-interval",
    "health-timeout",
    "health-start-period",
    "health-start-interval",
    "health-retries",
)


def build(parsed: "Parsed", console: "tuple[int, int]") -> "dict[str, Any]":
    """The body. console: height and width of the person's terminal, (0, 0) for none. CliError with Docker's reason."""
    from boxship.cli.options.devices import BadDevice
    from boxship.cli.options.mounts import BadVolume
    from boxship.cli.options.networks import Conflict
    from boxship.cli.options.ports import BadPort

    try:
        return _build(parsed, console)
    except (BadFile, BadVolume, BadPort, BadDevice, Conflict, ValueError) as error:
        raise CliError(str(error)) from None


def _build(parsed: "Parsed", console: "tuple[int, int]") -> "dict[str, Any]":
    from boxship.cli.options.networks import networking

    config, host = _config(parsed), _host(parsed, console)
    _volumes(parsed, config, host)
    _ports(parsed, config, host)
    host["NetworkMode"], endpoints = networking(parsed)
    _resources(parsed, host)
    return {**config, "HostConfig": host, "NetworkingConfig": {"EndpointsConfig": endpoints}}


def _config(parsed: "Parsed") -> "dict[str, Any]":
    image, command = parsed.args[0], parsed.args[1:]
    streams = parsed.list("attach")
    interactive = parsed.on("interactive")
    attached = {name: name in streams for name in ("stdin", "stdout", "stderr")}
    if not streams:
        attached = {"stdin": interactive, "stdout": True, "stderr": True}
    config: dict[str, Any] = {
        "Hostname": parsed.text("hostname"),
        "Domainname": parsed.text("domainname"),
        "User": parsed.text("user"),
        "AttachStdin": attached["stdin"],
        "AttachStdout": attached["stdout"],
        "AttachStderr": attached["stderr"],
        "Tty": parsed.on("tty"),
        "OpenStdin": interactive,
        "StdinOnce": interactive and attached["stdin"],
        "Env": (pairs(parsed.list("env-file"), "env file", environment=True) + parsed.list("env")) or None,
        "Cmd": command or None,
        "Image": image,
        "Volumes": {},
        "WorkingDir": parsed.text("workdir"),
        "Entrypoint": None,
        "OnBuild": None,
        "Labels": _map([*pairs(parsed.list("label-file"), "label file", environment=False), *parsed.list("label")]),
    }
    if "entrypoint" in parsed.given:
        # An empty one unsets the image's.
        config["Entrypoint"] = [parsed.text("entrypoint")]
    if parsed.text("stop-signal"):
        config["StopSignal"] = parsed.text("stop-signal")
    if "stop-timeout" in parsed.given:
        config["StopTimeout"] = parsed.number("stop-timeout")
    health = _health(parsed)
    if health is not None:
        config["Healthcheck"] = health
    return config


def _health(parsed: "Parsed") -> "dict[str, Any] | None":
    given = [name for name in _HEALTH if parsed.given.get(name)]
    if parsed.on("no-healthcheck"):
        if given:
            raise ValueError("--no-healthcheck conflicts with --health-* options")
        return {"Test": ["NONE"]}
    if not given:
        return None
    for name in _HEALTH[1:]:
        if parsed.number(name) < 0:
            raise ValueError(f"--{name} cannot be negative")
    health: dict[str, Any] = {}
    if parsed.text("health-cmd"):
        health["Test"] = ["CMD-SHELL", parsed.text("health-cmd")]
    names = ("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
    for name, wire in zip(_HEALTH[1:], names, strict=True):
        if parsed.number(name):
            health[wire] = parsed.number(name)
    return health


def _host(parsed: "Parsed", console: "tuple[int, int]") -> "dict[str, Any]":
    added, dropped = _capabilities(parsed)
    options, unconfined = security(parsed.list("security-opt"))
    restart = restart_policy(parsed.text("restart", "no"))
    if parsed.on("rm") and restart["Name"] not in ("", "no"):
        raise ValueError("conflicting options: cannot specify both --restart and --rm")
    for name, shown, kind in (("pid", "PID", "container:"), ("uts", "UTS", ""), ("userns", "USER", "")):
        value = parsed.text(name)
        if value not in ("", "host") and not (kind and value.startswith(kind) and value != kind):
            raise ValueError(f"--{name}: invalid {shown} mode")
    if parsed.text("cgroupns") not in ("", "host", "private"):
        raise ValueError("--cgroupns: invalid CGROUP mode")
    host: dict[str, Any] = {
        "Binds": None,
        "ContainerIDFile": parsed.text("cidfile"),
        "LogConfig": _log(parsed),
        "NetworkMode": "default",
        "PortBindings": {},
        "RestartPolicy": restart,
        "AutoRemove": parsed.on("rm"),
        "VolumeDriver": parsed.text("volume-driver"),
        "VolumesFrom": parsed.list("volumes-from") or None,
        "ConsoleSize": list(console),
        "CapAdd": added,
        "CapDrop": dropped,
        "CgroupnsMode": parsed.text("cgroupns"),
        "Dns": parsed.list("dns"),
        "DnsOptions": [*parsed.list("dns-option"), *parsed.list("dns-opt")],
        "DnsSearch": parsed.list("dns-search"),
        "ExtraHosts": parsed.list("add-host") or None,
        "GroupAdd": parsed.list("group-add") or None,
        "IpcMode": parsed.text("ipc"),
        "Cgroup": "",
        "Links": parsed.list("link") or None,
        "OomScoreAdj": parsed.number("oom-score-adj"),
        "PidMode": parsed.text("pid"),
        "Privileged": parsed.on("privileged"),
        "PublishAllPorts": parsed.on("publish-all"),
        "ReadonlyRootfs": parsed.on("read-only"),
        "SecurityOpt": options if parsed.list("security-opt") else None,
        "UTSMode": parsed.text("uts"),
        "UsernsMode": parsed.text("userns"),
        "ShmSize": parsed.number("shm-size"),
        "Isolation": parsed.text("isolation"),
        "MaskedPaths": [] if unconfined else None,
        "ReadonlyPaths": [] if unconfined else None,
    }
    if parsed.list("storage-opt"):
        if any("=" not in option for option in parsed.list("storage-opt")):
            raise ValueError("invalid storage option")
        host["StorageOpt"] = _map(parsed.list("storage-opt"))
    optional = {"annotation": "Annotations", "sysctl": "Sysctls"}
    host |= {wire: parsed.map(name) for name, wire in optional.items() if parsed.map(name)}
    if parsed.text("runtime"):
        host["Runtime"] = parsed.text("runtime")
    if "init" in parsed.given:
        host["Init"] = parsed.on("init")
    return host


def _capabilities(parsed: "Parsed") -> "tuple[list[str] | None, list[str] | None]":
    """Whole names, sorted; ALL stands for every other, and what is added is not dropped."""
    added, dropped = (
        {
            name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"
            for name in map(str.upper, parsed.list(flag))
        }
        for flag in ("cap-add", "cap-drop")
    )
    if "ALL" in dropped:
        dropped = {"ALL"}
    elif "ALL" not in added:
        dropped -= added
    return sorted(added) or None, sorted(dropped) or None


def restart_policy(text: str) -> "dict[str, Any]":
    """`on-failure:3` as the API has it. ValueError."""
    name, found, count = text.partition(":")
    if found and not name:
        raise ValueError("invalid restart policy format: no policy provided before colon")
    if found and not count.removeprefix("-").isdigit():
        raise ValueError("invalid restart policy format: maximum retry count must be an integer")
    return {"Name": name, "MaximumRetryCount": int(count) if found else 0}


def _log(parsed: "Parsed") -> "dict[str, Any]":
    driver, options = parsed.text("log-driver"), parsed.list("log-opt")
    if driver == "none" and options:
        raise ValueError("invalid logging opts for driver none")
    return {"Type": driver, "Config": _map(options)}


def _volumes(parsed: "Parsed", config: "dict[str, Any]", host: "dict[str, Any]") -> None:
    from boxship.cli.options.mounts import tmpfs, volumes

    if parsed.list("volume"):
        binds, config["Volumes"] = volumes(parsed.list("volume"))
        host["Binds"] = binds or None
    if parsed.list("tmpfs"):
        host["Tmpfs"] = tmpfs(parsed.list("tmpfs"))
    mounts = parsed.list("mount")
    if parsed.on("use-api-socket"):
        mounts = [*mounts, {"Type": "bind", "Source": "/var/run/docker.sock", "Target": "/var/run/docker.sock"}]
    if mounts:
        host["Mounts"] = mounts


def _ports(parsed: "Parsed", config: "dict[str, Any]", host: "dict[str, Any]") -> None:
    if not parsed.list("publish") and not parsed.list("expose"):
        return
    from boxship.cli.options.ports import expose, publish

    exposed, host["PortBindings"] = publish(parsed.list("publish"))
    config["ExposedPorts"] = {**exposed, **expose(parsed.list("expose"))}


def _resources(parsed: "Parsed", host: "dict[str, Any]") -> None:
    swappiness = parsed.number("memory-swappiness", -1)
    if swappiness != -1 and not 0 <= swappiness <= 100:
        raise ValueError(f"invalid value: {swappiness}. Valid memory swappiness range is 0-100")
    devices: list[Any] = []
    requests: list[Any] = list(parsed.list("gpus"))
    if parsed.list("device"):
        from boxship.cli.options.devices import devices as read_devices

        devices, named = read_devices(parsed.list("device"))
        requests += named
    host |= {
        "CpuShares": parsed.number("cpu-shares"),
        "Memory": parsed.number("memory"),
        "NanoCpus": parsed.number("cpus"),
        "CgroupParent": parsed.text("cgroup-parent"),
        "BlkioWeight": parsed.number("blkio-weight"),
        "BlkioWeightDevice": parsed.list("blkio-weight-device"),
        "BlkioDeviceReadBps": parsed.list("device-read-bps"),
        "BlkioDeviceWriteBps": parsed.list("device-write-bps"),
        "BlkioDeviceReadIOps": parsed.list("device-read-iops"),
        "BlkioDeviceWriteIOps": parsed.list("device-write-iops"),
        "CpuPeriod": parsed.number("cpu-period"),
        "CpuQuota": parsed.number("cpu-quota"),
        "CpuRealtimePeriod": parsed.number("cpu-rt-period"),
        "CpuRealtimeRuntime": parsed.number("cpu-rt-runtime"),
        "CpusetCpus": parsed.text("cpuset-cpus"),
        "CpusetMems": parsed.text("cpuset-mems"),
        "Devices": devices,
        "DeviceCgroupRules": parsed.list("device-cgroup-rule") or None,
        "DeviceRequests": requests or None,
        "MemoryReservation": parsed.number("memory-reservation"),
        "MemorySwap": parsed.number("memory-swap"),
        "MemorySwappiness": swappiness,
        "OomKillDisable": parsed.on("oom-kill-disable"),
        "PidsLimit": parsed.number("pids-limit"),
        "Ulimits": [parsed.map("ulimit")[name] for name in sorted(parsed.map("ulimit"))],
        "CpuCount": parsed.number("cpu-count"),
        "CpuPercent": parsed.number("cpu-percent"),
        "IOMaximumIOps": parsed.number("io-maxiops"),
        "IOMaximumBandwidth": parsed.number("io-maxbandwidth"),
    }


def _map(texts: "list[str]") -> dict[str, str]:
    pairs_of = [text.partition("=") for text in texts]
    return {name: value for name, _, value in pairs_of}
