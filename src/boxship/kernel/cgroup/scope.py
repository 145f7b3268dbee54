"""systemd's part in a container's control group: a transient scope, and the limits as its properties.

systemd then knows the limits: `systemctl show` tells them and a daemon-reload keeps them. What it has no property for
is written to the group's files alone, which Delegate=yes leaves to us. Sources: org.freedesktop.systemd1(5),
systemd.resource-control(5).
"""

from __future__ import annotations

import errno
import time

from boxship.kernel.cgroup.bus import Bus, BusError
from boxship.kernel.cgroup.devices import ANY, allowed_devices
from boxship.kernel.cgroup.resources import block_weight, shares_to_weight
from boxship.lib.errors import InvalidParameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Property = tuple[str, tuple[str, Any]]

_INFINITY = (1 << 64) - 1
_SECOND = 1_000_000
# The scope of a run that has just ended may take systemd a moment to forget.
_TRIES = 50
_PAUSE = 0.1
_EXISTS = "org.freedesktop.systemd1.UnitExists"
_UNKNOWN = ("org.freedesktop.DBus.Error.PropertyReadOnly", "org.freedesktop.DBus.Error.UnknownProperty")

_THROTTLES = {
    "throttleReadBpsDevice": "IOReadBandwidthMax",
    "throttleWriteBpsDevice": "IOWriteBandwidthMax",
    "throttleReadIOPSDevice": "IOReadIOPSMax",
    "throttleWriteIOPSDevice": "IOWriteIOPSMax",
}


def parse_scope(cgroups_path: str) -> tuple[str, str]:
    """Slice and scope of an OCI cgroupsPath "slice:prefix:name" (as runc reads it with --systemd-cgroup).

    InvalidParameter. An empty slice is system.slice; a name that ends in .slice has no prefix.
    """
    parts = cgroups_path.split(":")
    if len(parts) != 3:
        raise InvalidParameter(
            'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, '
            f'got "{cgroups_path}" instead'
        )
    folder, prefix, name = parts
    folder = folder or "system.slice"
    slice_path(folder)
    return folder, f"{prefix}-{name}.scope" if prefix else f"{name}.scope"


def slice_path(name: str) -> str:
    """Where systemd keeps a slice, from its root: /a.slice/a-b.slice for a-b.slice. InvalidParameter."""
    stem = name.removesuffix(".slice")
    if stem == name or "/" in name:
        raise InvalidParameter(f"invalid slice name: {name}")
    if stem == "-":
        return "/"
    path, above = "", ""
    for part in stem.split("-"):
        if not part:
            raise InvalidParameter(f"invalid slice name: {name}")
        above = f"{above}-{part}" if above else part
        path += f"/{above}.slice"
    return path


def scope_path(root: str, folder: str, scope: str) -> str:
    """A scope's control group from the root of each hierarchy. root: that of systemd itself, "/" on a host."""
    return f"{root.rstrip('/')}{slice_path(folder).rstrip('/')}/{scope}"


def systemd_root() -> str:
    """The group that systemd has for its own root: "/", but in a container that shares the host's namespace."""
    try:
        with open("/proc/1/cgroup", "rb", buffering=0) as file:
            lines = file.readall().decode().splitlines()
    except OSError:
        return "/"
    for line in lines:
        _, names, path = line.split(":", 2)
        if names in ("", "name=systemd"):
            return path.removesuffix("/init.scope") or "/"
    return "/"


def start_scope(wanted: dict[str, Any], resources: dict[str, Any], version: int) -> None:
    """Have systemd put this process into a new scope; returns when it is there.

    wanted: {"slice", "unit", "description"}; version: of control groups. Unavailable without systemd; OSError when it
    does not make the scope.
    """
    unit = wanted["unit"]
    base = [
        ("Description", ("s", wanted["description"])),
        ("Slice", ("s", wanted["slice"])),
        # Nobody: who asks.
        ("PIDs", ("au", [0])),
        ("Delegate", ("b", True)),
        # At shutdown, when the daemon may be gone already.
        ("TimeoutStopUSec", ("t", 10 * _SECOND)),
        # A failed scope, such as one that ended for memory, is forgotten, too.
        ("CollectMode", ("s", "inactive-or-failed")),
        *((name, ("b", True)) for name in ("CPUAccounting", "MemoryAccounting", "TasksAccounting", "IOAccounting")),
    ]
    properties = base + limits(resources, version)
    bus = Bus()
    try:
        for _ in range(_TRIES):
            try:
                bus.manager("StartTransientUnit", "ssa(sv)a(sa(sv))", [unit, "fail", properties, []])
                result = bus.job_ended(unit)
            except BusError as error:
                if error.name == _EXISTS:
                    _end_stale(bus, unit)
                    continue
                if error.name in _UNKNOWN and properties != base:
                    # An older systemd. The files hold the limits in any case.
                    properties = base
                    continue
                raise OSError(errno.EIO, f"systemd does not make the scope: {error.message}", unit) from None
            if result != "done":
                raise OSError(errno.EIO, f"systemd does not make the scope: its job ended with {result!r}", unit)
            return
        raise OSError(errno.EEXIST, "systemd does not end the scope of a former run", unit)
    except TimeoutError:
        raise OSError(errno.ETIMEDOUT, "systemd does not answer", unit) from None
    finally:
        bus.close()


def update_scope(unit: str, resources: dict[str, Any], version: int) -> None:
    """Tell systemd new limits of a scope; it also writes them to the group's files, in its own precision.

    Unavailable, TimeoutError; BusError for what it refuses.
    """
    properties = limits(resources, version)
    if not properties:
        return
    bus = Bus()
    try:
        # Until the machine restarts, which ends the scope in any case.
        bus.manager("SetUnitProperties", "sba(sv)", [unit, True, properties])
    finally:
        bus.close()


def stop_unit(unit: str) -> None:
    """Have systemd end a scope or a slice; nothing to do where it knows none. Unavailable, TimeoutError."""
    bus = Bus()
    try:
        bus.manager("StopUnit", "ss", [unit, "replace"])
        bus.job_ended(unit)
    except BusError:
        # Not loaded.
        pass
    finally:
        bus.close()


def _end_stale(bus: Bus, unit: str) -> None:
    for member, signature, values in (("ResetFailedUnit", "s", [unit]), ("StopUnit", "ss", [unit, "replace"])):
        try:
            bus.manager(member, signature, values)
        except BusError:
            # Gone by now, or not failed.
            continue
    time.sleep(_PAUSE)


def limits(resources: dict[str, Any], version: int) -> list[Property]:
    """The limits that systemd has properties for."""
    found = _cpu(resources.get("cpu") or {}, version)
    memory = resources.get("memory") or {}
    pids = (resources.get("pids") or {}).get("limit") or 0
    if memory.get("limit"):
        found.append(("MemoryMax" if version == 2 else "MemoryLimit", ("t", _number(memory["limit"]))))
    if version == 2 and memory.get("reservation"):
        found.append(("MemoryLow", ("t", _number(memory["reservation"]))))
    swap, limit = memory.get("swap") or 0, memory.get("limit") or 0
    if version == 2 and (swap < 0 or limit < 0 < swap):
        found.append(("MemorySwapMax", ("t", _INFINITY)))
    elif version == 2 and swap and limit:
        found.append(("MemorySwapMax", ("t", swap - limit)))
    if pids:
        found.append(("TasksMax", ("t", _number(pids))))
    if version == 2:
        found += _io(resources.get("blockIO") or {})
    return found + _devices(resources.get("devices") or [])


def _cpu(cpu: dict[str, Any], version: int) -> list[Property]:
    found: list[Property] = []
    if cpu.get("shares"):
        weight = ("CPUWeight", ("t", shares_to_weight(cpu["shares"])))
        found.append(weight if version == 2 else ("CPUShares", ("t", cpu["shares"])))
    quota, period = cpu.get("quota") or 0, cpu.get("period") or 0
    if quota > 0:
        per_second = quota * _SECOND // (period or 100_000)
        # systemd counts in hundredths of a second; less would make it round down what was asked for.
        found.append(("CPUQuotaPerSecUSec", ("t", -(-per_second // 10_000) * 10_000)))
    if period:
        found.append(("CPUQuotaPeriodUSec", ("t", period)))
    if version == 2:
        for key, name in (("cpus", "AllowedCPUs"), ("mems", "AllowedMemoryNodes")):
            if cpu.get(key):
                found.append((name, ("ay", list(_mask(cpu[key])))))
    return found


def _io(block: dict[str, Any]) -> list[Property]:
    found: list[Property] = []
    if block.get("weight"):
        found.append(("IOWeight", ("t", block_weight(block["weight"]))))
    if block.get("weightDevice"):
        weights = [(_node(device), block_weight(device["weight"])) for device in block["weightDevice"]]
        found.append(("IODeviceWeight", ("a(st)", weights)))
    for key, name in _THROTTLES.items():
        if block.get(key):
            found.append((name, ("a(st)", [(_node(device), device["rate"]) for device in block[key]])))
    return found


def _node(device: dict[str, Any]) -> str:
    return f"/dev/block/{device['major']}:{device['minor']}"


def _devices(rules: list[dict[str, Any]]) -> list[Property]:
    allowed = allowed_devices(rules)
    if allowed is None:
        return []
    names = _driver_names()
    lines = []
    for kind, major, minor, access in allowed:
        folder = "block" if kind == "b" else "char"
        if kind == "a" or (major == ANY and minor != ANY):
            # No way to say this to systemd; the group's own list or program says it.
            return []
        if major == ANY:
            lines.append((f"{folder}-*", access))
        elif minor == ANY:
            if (folder, major) not in names:
                return []
            lines.append((f"{folder}-{names[folder, major]}", access))
        else:
            lines.append((f"/dev/{folder}/{major}:{minor}", access))
    return [("DevicePolicy", ("s", "strict")), ("DeviceAllow", ("a(ss)", lines))]


def _driver_names() -> dict[tuple[str, int], str]:
    """What proc_devices(5) calls each major number."""
    names: dict[tuple[str, int], str] = {}
    folder = "char"
    with open("/proc/devices", "rb", buffering=0) as file:
        for line in file.readall().decode().splitlines():
            if line.startswith("Block"):
                folder = "block"
            number, _, name = line.strip().partition(" ")
            if number.isdigit():
                names[folder, int(number)] = name
    return names


def _mask(text: str) -> bytes:
    """A list such as "0-2,5" as bits, the lowest first, in whole bytes."""
    bits = 0
    for part in text.split(","):
        low, _, high = part.partition("-")
        for number in range(int(low), int(high or low) + 1):
            bits |= 1 << number
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _number(value: int) -> int:
    return value if value > 0 else _INFINITY
