"""Layouts of control groups, from the mountinfo of such machines."""

import pytest

from boxship.kernel.cgroup.layout import read_mounts, unescape
from boxship.lib.errors import Unavailable

V1 = """\
22 20 0:20 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
23 22 0:21 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
24 22 0:22 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
25 22 0:23 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
26 22 0:24 / /sys/fs/cgroup/elogind rw,relatime - cgroup cgroup rw,name=elogind
"""
V2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
UNIFIED = "31 22 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"


def test_v1_with_controllers_together():
    layout = read_mounts(V1)
    assert layout.version == 1
    assert layout.controllers == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory",
    }
    assert layout.roots == ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd"]


def test_hybrid_counts_as_v1():
    layout = read_mounts(UNIFIED + V1)
    assert layout.version == 1
    assert "/sys/fs/cgroup/unified" not in layout.roots


def test_v2():
    layout = read_mounts(V2)
    assert (layout.version, layout.roots) == (2, ["/sys/fs/cgroup"])


def test_v2_seen_twice_is_taken_at_the_usual_place():
    other = "29 20 0:26 / /run/other rw - cgroup2 none rw\n"
    assert read_mounts(other + V2).roots == ["/sys/fs/cgroup"]


def test_a_controller_mounted_twice_counts_once():
    again = "27 1 0:22 / /mnt/memory rw - cgroup cgroup rw,memory\n"
    assert read_mounts(V1 + again).controllers["memory"] == "/sys/fs/cgroup/memory"
    part = "28 1 0:23 /boxship/x /mnt/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    assert read_mounts(V1 + again + part).roots == read_mounts(V1).roots


def test_nothing_mounted():
    with pytest.raises(Unavailable, match="mount -t cgroup2"):
        read_mounts("22 20 0:20 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n")


def test_paths_in_octal():
    assert unescape("/a\\040b\\134c") == "/a b\\c"
