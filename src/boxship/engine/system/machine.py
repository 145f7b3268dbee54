"""Facts of the machine that `docker info` shows (blocks for some small files)."""

import os


def operating_system() -> str:
    """The distribution's name for people (os-release(5))."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        for line in _lines(path):
            name, _, value = line.partition("=")
            if name == "PRETTY_NAME":
                return value.strip().strip("\"'")
    return "Linux"


def operating_system_version() -> str:
    """VERSION_ID of os-release(5), "" for a rolling distribution."""
    for line in _lines("/etc/os-release"):
        name, _, value = line.partition("=")
        if name == "VERSION_ID":
            return value.strip().strip("\"'")
    return ""


def memory_bytes() -> int:
    """The size of the memory (MemTotal of proc_meminfo(5))."""
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def forwards_ipv4() -> bool:
    """Whether the kernel forwards IPv4 packets."""
    return any(line.strip() == "1" for line in _lines("/proc/sys/net/ipv4/ip_forward"))


def open_files() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd")) - 1


def filesystem_type(path: str) -> str:
    """The type of the file system that holds `path`, as mountinfo names it; Docker says extfs for ext4."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in _lines("/proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            kind = after.split()[0]
            return "extfs" if kind in ("ext2", "ext3", "ext4") else kind
    return "<unknown>"


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
