"""What a container may not ask for, in Docker's words and Docker's order (pure).

What the runtime cannot do is said by `runtime.spec.check`; here stands what makes no sense on any host.
"""

import ipaddress

from boxship.engine.container.signals import parse_signal
from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HealthConfig, HostConfig, RestartPolicy
from boxship.network.ports import check_bindings

_MILLISECOND = 1_000_000


def validate(config: ContainerConfig, host: HostConfig) -> None:
    """InvalidParameter for the first thing that is wrong."""
    if config.working_dir and not config.working_dir.startswith("/"):
        raise InvalidParameter(
            f"the working directory '{config.working_dir}' is invalid, it needs to be an absolute path"
        )
    if config.stop_signal:
        parse_signal(config.stop_signal)
    for entry in config.env or ():
        if not entry.partition("=")[0]:
            raise InvalidParameter(f"invalid environment variable: {entry}")
    if config.healthcheck is not None:
        _health(config.healthcheck)
    if host.auto_remove and host.restart_policy.name not in ("", "no"):
        raise InvalidParameter("can't create 'AutoRemove' container with restart policy")
    for entry in host.extra_hosts or ():
        extra_host(entry)
    check_bindings(host.port_bindings)
    validate_restart(host.restart_policy)


def extra_host(entry: str) -> tuple[str, str]:
    """The name and the address (or "host-gateway") of one `--add-host`. InvalidParameter for anything else."""
    name, colon, address = entry.partition(":")
    if not name or not colon:
        raise InvalidParameter(f'bad format for add-host: "{entry}"')
    if address != "host-gateway":
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise InvalidParameter(f'invalid IP address in add-host: "{address}"') from None
    return name, address


def _health(health: HealthConfig) -> None:
    times = {
        "Interval": health.interval,
        "Timeout": health.timeout,
        "StartPeriod": health.start_period,
        "StartInterval": health.start_interval,
    }
    for name, value in times.items():
        if value != 0 and value < _MILLISECOND:
            raise InvalidParameter(f"{name} in Healthcheck cannot be less than 1ms")
    if health.retries < 0:
        raise InvalidParameter("Retries in Healthcheck cannot be negative")


def validate_restart(policy: RestartPolicy) -> None:
    """InvalidParameter for a policy that there is not, or a count that makes no sense."""
    match policy.name:
        case "" | "no" | "always" | "unless-stopped":
            if policy.maximum_retry_count > 0:
                raise InvalidParameter("invalid restart policy: maximum retry count can only be used with 'on-failure'")
        case "on-failure":
            pass
        case other:
            raise InvalidParameter(
                f"invalid restart policy: unknown policy '{other}'; use one of 'no', 'always', 'on-failure', "
                "or 'unless-stopped'"
            )
    if policy.maximum_retry_count < 0:
        raise InvalidParameter("invalid restart policy: maximum retry count cannot be negative")
