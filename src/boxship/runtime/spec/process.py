"""The `process` of a spec: what runs, as whom, with which environment and limits."""

from typing import Any

from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HostConfig, Ulimit
from boxship.model.container import ExecConfig, words
from boxship.runtime.spec.capabilities import container_capabilities
from boxship.runtime.spec.features import HostFeatures
from boxship.runtime.spec.security import Security, apparmor_profile, read_security

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INIT_PATH = "/sbin/docker-init"
GROUPS_ANNOTATION = "boxship.groups"

_UNLIMITED = (1 << 64) - 1
_LIMITS = frozenset(
    (
        *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
        *("rtprio", "rttime", "sigpending", "stack"),
    )
)


def command(config: ContainerConfig) -> list[str]:
    """The entrypoint followed by the arguments. InvalidParameter when there is none."""
    entrypoint = words(config.entrypoint)
    # An entrypoint of one empty word takes the image's away.
    arguments = [*([] if entrypoint == [""] else entrypoint), *words(config.cmd)]
    if not arguments:
        raise InvalidParameter("no command specified")
    return arguments


def environment(config: ContainerConfig, *, tty: bool, more: list[str] | None = None) -> list[str]:
    """PATH, HOSTNAME and for a terminal TERM, then the container's own, then `more`; a later one replaces.

    A name without "=" takes the variable away. HOME is set when the user is known, inside the container.
    """
    values = {"PATH": f"PATH={DEFAULT_PATH}", "HOSTNAME": f"HOSTNAME={config.hostname}"}
    if tty:
        values["TERM"] = "TERM=xterm"
    for entry in (*(config.env or ()), *(more or ())):
        name, equals, _ = entry.partition("=")
        if equals:
            values[name] = entry
        else:
            values.pop(name, None)
    return list(values.values())


def check_limits(limits: list[Ulimit] | None) -> None:
    """InvalidParameter for a resource that setrlimit(2) does not know or a soft limit above the hard one."""
    for limit in limits or ():
        if limit.name.lower() not in _LIMITS:
            raise InvalidParameter(f"wrong rlimit value: RLIMIT_{limit.name.upper()}")
        if limit.hard != -1 and (limit.soft == -1 or limit.soft > limit.hard):
            raise InvalidParameter(
                f"ulimit soft limit must be less than or equal to hard limit: {limit.soft} > {limit.hard} "
                f"(--ulimit {limit.name})"
            )


def build_process(
    config: ContainerConfig, host: HostConfig, features: HostFeatures, process_label: str = ""
) -> dict[str, Any]:
    """`process` of the container's first process. process_label: its SELinux label, "" for none.

    The user stays text, in `user.username`: it is looked up in the container's own files, after the root switch.
    """
    security = read_security(host.security_opt)
    arguments = command(config)
    if needs_init(host, features):
        arguments = [INIT_PATH, "--", *arguments]
    process = _process(arguments, config.user, config.working_dir, host, security, features)
    _set_labels(process, host, security, features, process_label)
    process["env"] = environment(config, tty=config.tty)
    process["oomScoreAdj"] = host.oom_score_adj
    _set_capabilities(process, container_capabilities(host, features))
    if config.tty:
        _set_terminal(process, host.console_size)
    return process


def build_exec_process(
    config: ContainerConfig, host: HostConfig, features: HostFeatures, exec: ExecConfig, process_label: str = ""
) -> dict[str, Any]:
    """`process` of `docker exec` in a running container with this config: its environment, folder and user unless
    the exec names others; its capabilities unless the exec is privileged; always its AppArmor profile, its label and
    its OOM score.
    """
    arguments = list(exec.cmd or ())
    if not arguments:
        raise InvalidParameter("No exec command specified")
    security = read_security(host.security_opt)
    user, folder = exec.user or config.user, exec.working_dir or config.working_dir
    process = _process(arguments, user, folder, host, security, features)
    _set_labels(process, host, security, features, process_label)
    process["env"] = environment(config, tty=exec.tty, more=exec.env)
    process["oomScoreAdj"] = host.oom_score_adj
    held = features.capabilities if exec.privileged else container_capabilities(host, features)
    _set_capabilities(process, held)
    if exec.tty:
        _set_terminal(process, exec.console_size)
    return process


def needs_init(host: HostConfig, features: HostFeatures) -> bool:
    """Whether an init goes before the command: asked for, by the container or the daemon, and in a pid namespace of
    the container's own.
    """
    wanted = features.init_default if host.init is None else host.init
    return wanted and not host.pid_mode


def _process(
    arguments: list[str], user: str, folder: str, host: HostConfig, security: Security, features: HostFeatures
) -> dict[str, Any]:
    process: dict[str, Any] = {
        "user": {"uid": 0, "gid": 0, "username": user},
        "args": arguments,
        "cwd": folder or "/",
    }
    limits = {limit.name: limit for limit in (*features.default_limits, *(host.ulimits or ()))}
    if limits:
        process["rlimits"] = [
            {
                "type": f"RLIMIT_{limit.name.upper()}",
                "hard": _UNLIMITED if limit.hard < 0 else limit.hard,
                "soft": _UNLIMITED if limit.soft < 0 else limit.soft,
            }
            for limit in limits.values()
        ]
    said = security.no_new_privileges
    if features.no_new_privileges if said is None else said:
        process["noNewPrivileges"] = True
    return process


def _set_labels(
    process: dict[str, Any], host: HostConfig, security: Security, features: HostFeatures, process_label: str
) -> None:
    if profile := apparmor_profile(security, host, features):
        process["apparmorProfile"] = profile
    if process_label:
        process["selinuxLabel"] = process_label


def _set_capabilities(process: dict[str, Any], names: tuple[str, ...]) -> None:
    # No inheritable and no ambient ones: a program of another user gets none by exec.
    held = list(names)
    process["capabilities"] = {"bounding": held, "effective": held, "permitted": held}


def _set_terminal(process: dict[str, Any], size: list[int] | None) -> None:
    process["terminal"] = True
    if size and any(size):
        process["consoleSize"] = {"height": size[0], "width": size[1]}
