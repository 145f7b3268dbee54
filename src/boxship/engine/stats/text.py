"""The kernel's small text files as numbers (pure)."""

from collections.abc import Callable

# (controller, file) -> its text, "" where the kernel has none
Files = Callable[[str, str], str]

TICK_NS = 10_000_000
"""Nanoseconds of one USER_HZ tick, which is 1/100 s on every architecture that Linux runs containers on."""


def number(text: str) -> int:
    """0 for "max" and for nothing."""
    word = text.strip()
    return int(word) if word.isdigit() else 0


def fields(text: str) -> dict[str, int]:
    """Lines of a name and a number."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value.isdigit():
            found[name] = int(value)
    return found


def system_cpu(stat: str) -> tuple[int, int]:
    """The machine's processor time in nanoseconds and its number of processors, from /proc/stat (proc_stat(5))."""
    total, processors = 0, 0
    for line in stat.splitlines():
        name, *words = line.split()
        if name == "cpu":
            # user, nice, system, idle, iowait, irq, softirq; what follows is counted in these already.
            total = sum(int(word) for word in words[:7]) * TICK_NS
        elif name.startswith("cpu"):
            processors += 1
    return total, processors


def networks(text: str) -> dict[str, dict[str, int]]:
    """Counters of every interface but the loopback, from /proc/PID/net/dev (proc_pid_net(5))."""
    found = {}
    for line in text.splitlines()[2:]:
        name, _, rest = line.partition(":")
        words = [int(word) for word in rest.split()]
        if name.strip() == "lo" or len(words) < 12:
            continue
        found[name.strip()] = {
            **dict(zip(("rx_bytes", "rx_packets", "rx_errors", "rx_dropped"), words[:4], strict=True)),
            **dict(zip(("tx_bytes", "tx_packets", "tx_errors", "tx_dropped"), words[8:12], strict=True)),
        }
    return found
