"""Whether a container can be had as it is asked for.

Nothing of a configuration is ever silently ignored: every field is honoured, harmless here, answered with a warning,
or refused. `tests/unit/runtime/test_check.py` holds the list of fields against the model.
"""

import os
from collections.abc import Callable, Set

from boxship.lib.errors import BoxshipError, InvalidParameter, Unsupported
from boxship.model.config import ContainerConfig, HostConfig
from boxship.model.container import NO_RULES, BindRules
from boxship.runtime.spec.capabilities import container_capabilities
from boxship.runtime.spec.check_resources import check_resources
from boxship.runtime.spec.devices import check_device_rules
from boxship.runtime.spec.features import HostFeatures
from boxship.runtime.spec.namespaces import check_modes, joined_containers, network_is_host
from boxship.runtime.spec.points import mount_points
from boxship.runtime.spec.process import check_limits, needs_init
from boxship.runtime.spec.security import check_security
from boxship.runtime.spec.sysctls import check_sysctls

# What the engine does beside the runtime, today.
SUPPORTED = frozenset({"restart"})


def check(
    config: ContainerConfig,
    host: HostConfig,
    features: HostFeatures,
    *,
    supported: Set[str] = SUPPORTED,
    exists: Callable[[str], bool] = os.path.exists,
    rules: BindRules = NO_RULES,
) -> list[str]:
    """Warnings for `docker create`, in Docker's words where it has some.

    config: merged with the image's. supported: what the engine itself does of "restart", "networks", "joined"
    (namespaces of other containers). exists: whether a path of the host is there. rules: for its binds.
    InvalidParameter for what is wrong or not to be had on this machine, Unsupported for what Docker has and Boxship
    not yet, BoxshipError where Docker answers 500.
    """
    check_modes(config, host)
    _check_values(host, features)
    warnings = check_resources(host, features)
    warnings += check_security(host, features)
    container_capabilities(host, features)
    check_device_rules(host)
    check_limits(host.ulimits)
    check_sysctls(host)
    _check_mounts(config, host, exists, rules)
    _check_missing(host, features, supported)
    warnings += _network_warnings(host)
    if host.cgroupns_mode == "private" and not features.cgroup_namespaces:
        warnings.append("Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.")
    return warnings


def _check_values(host: HostConfig, features: HostFeatures) -> None:
    parent = host.cgroup_parent
    if features.cgroup_driver == "systemd" and parent and (not parent.endswith(".slice") or len(parent) <= 6):
        raise InvalidParameter('cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"')
    if host.shm_size < 0:
        raise InvalidParameter("SHM size can not be less than 0")
    if not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidParameter(f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]")
    if host.isolation not in ("", "default"):
        raise InvalidParameter(f"invalid isolation ({host.isolation}): linux only supports 'default'")
    for key in host.annotations or ():
        if not key:
            raise InvalidParameter("invalid Annotations: the empty string is not permitted as an annotation key")
        if key.startswith("boxship."):
            raise InvalidParameter(f"invalid Annotations: {key}: names that start with boxship. are taken")
    for group in host.group_add or ():
        if not group or "," in group:
            raise InvalidParameter(f"unable to find group {group}: no matching entries in group file")
    for path in (*(host.masked_paths or ()), *(host.readonly_paths or ())):
        if not path.startswith("/"):
            raise InvalidParameter(f"masked and read-only paths must be absolute: '{path}'")


def _check_mounts(config: ContainerConfig, host: HostConfig, exists: Callable[[str], bool], rules: BindRules) -> None:
    for point in mount_points(config, host, rules):
        # Only --mount insists on its source; -v makes it.
        if point.kind == "bind" and not point.make_source and not exists(point.source):
            raise InvalidParameter(
                f'invalid mount config for type "bind": bind source path does not exist: {point.source}'
            )


def _check_missing(host: HostConfig, features: HostFeatures, supported: Set[str]) -> None:
    """What Docker has and Boxship not yet."""
    if needs_init(host, features) and not features.init_binary:
        raise InvalidParameter(
            "--init needs a small init on this machine; looked for docker-init, tini-static and catatonit\n"
            "  to install one:      apt-get install tini"
        )
    if host.storage_opt:
        raise BoxshipError("--storage-opt is supported only for overlay over xfs with 'pquota' mount option")
    if host.restart_policy.name not in ("", "no") and "restart" not in supported:
        raise Unsupported(f"restart policy {host.restart_policy.name} is not supported yet: leave --restart out")
    if "joined" not in supported:
        for kind, name in joined_containers(host).items():
            raise Unsupported(f"sharing the {kind} namespace of container {name} is not supported yet")
    for request in host.device_requests or ():
        driver, wanted = request.get("Driver") or "", request.get("Capabilities") or []
        listed = " ".join(f"[{' '.join(group)}]" for group in wanted)
        raise Unsupported(
            f'could not select device driver "{driver}" with capabilities: [{listed}]\n'
            "  to hand a device on: --device /dev/NAME"
        )
    fields = {
        "--link": host.links,
        "--volumes-from": host.volumes_from,
        "--volume-driver": host.volume_driver if host.volume_driver != "local" else "",
        "the field Cgroup": host.cgroup,
    }
    for name, value in fields.items():
        if value:
            text = value if isinstance(value, str) else value[0]
            raise Unsupported(f"{name} is not supported yet (asked for {text})")


def _network_warnings(host: HostConfig) -> list[str]:
    if network_is_host(host) and host.port_bindings:
        return ["Published ports are discarded when using host network mode"]
    return []
