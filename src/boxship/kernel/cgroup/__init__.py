"""Control groups, v1 and v2: where they are, what a container's limits are there, and the groups themselves.

Light: this runs in the monitor. All writes are single write(2) calls, so that the kernel's errno reaches the caller.
"""

from boxship.kernel.cgroup.group import Cgroup
from boxship.kernel.cgroup.layout import Layout, detect
from boxship.kernel.cgroup.resources import plan_resources

__all__ = ["Cgroup", "Layout", "detect", "plan_resources"]
