"""Attributes of a process that the kernel gives to the host's root only, so they are set before a user namespace.

They go over to whatever the process forks. Source: OCI runtime-spec config.md, "Linux Process".
"""

from __future__ import annotations

import errno
import os
import resource

from boxship.kernel import scheduling
from boxship.shim.failure import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LEVELS = range(8)


def set_oom_score(value: int | None) -> None:
    """process.oomScoreAdj; None leaves it. Failed."""
    if value is None:
        return
    path = "/proc/self/oom_score_adj"
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if int(os.read(fd, 32)) != value:
            os.write(fd, str(value).encode())
    except OSError as error:
        text = f"write oom_score_adj at {path}: {error.strerror}"
        raise Failed("write oom_score_adj", error.errno or 0, path, text) from None
    finally:
        os.close(fd)


def set_priorities(process: dict[str, Any]) -> None:
    """process.scheduler and process.ioPriority, where the spec has them. Failed names the one that is not granted."""
    scheduler, io = process.get("scheduler"), process.get("ioPriority")
    if scheduler:
        policy, flags = _policy(scheduler)
        times = (scheduler.get("runtime", 0), scheduler.get("deadline", 0), scheduler.get("period", 0))
        try:
            scheduling.set_scheduler(
                policy,
                nice=scheduler.get("nice", 0),
                priority=scheduler.get("priority", 0),
                flags=flags,
                times=times,
            )
        except OSError as error:
            text = f"set the scheduler to {scheduler['policy']}: {os.strerror(error.errno or 0)}"
            raise Failed("scheduler", error.errno or 0, "", text) from None
    if io:
        io_class, level = scheduling.IO_CLASSES.get(io.get("class", "")), io.get("priority", 0)
        if io_class is None or level not in _LEVELS:
            text = f"ioPriority: class {io.get('class')!r} with priority {level} is not known"
            raise Failed("ioPriority", errno.EINVAL, "", text)
        try:
            scheduling.set_io_priority(io_class, level)
        except OSError as error:
            text = f"set the I/O priority to {io['class']} {level}: {os.strerror(error.errno or 0)}"
            raise Failed("ioPriority", error.errno or 0, "", text) from None


def _policy(scheduler: dict[str, Any]) -> tuple[int, int]:
    policy = scheduling.POLICIES.get(scheduler.get("policy", ""))
    if policy is None:
        raise Failed("scheduler", errno.EINVAL, "", f"scheduler policy {scheduler.get('policy')!r} is not known")
    flags = 0
    for name in scheduler.get("flags") or []:
        if name not in scheduling.FLAGS:
            raise Failed("scheduler", errno.EINVAL, "", f"scheduler flag {name!r} is not known")
        flags |= scheduling.FLAGS[name]
    return policy, flags


def raise_limits(limits: list[dict[str, Any]]) -> None:
    """Make room for rlimits that are to be set later, without the right to raise one (getrlimit(2)).

    Hard limits only, and only upwards. What is not granted shows when the limit itself is set.
    """
    for limit in limits:
        number = getattr(resource, limit["type"], None)
        if number is None:
            continue
        soft, hard = resource.getrlimit(number)
        wanted = resource.RLIM_INFINITY if limit["hard"] in (-1, (1 << 64) - 1) else limit["hard"]
        if hard != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or wanted > hard):
            try:
                resource.setrlimit(number, (soft, wanted))
            except (OSError, ValueError):
                pass
