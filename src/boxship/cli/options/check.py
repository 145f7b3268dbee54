"""Values of the flags of `run` that are refused at once, with Docker's reasons.

Each takes the text of one flag and gives what goes into the request; ValueError says why not. Kept light: what is
rare is imported when it is used.
"""

import os

from boxship.cli.values import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ULIMITS = frozenset(
    (
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    )
)  # fmt: skip
_SYSCTLS = frozenset(
    f"kernel.{name}" for name in ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
)


def stream(text: str) -> str:
    """A standard stream's name."""
    name = text.lower()
    if name not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return name


def environment(text: str) -> str:
    """NAME=value; NAME alone takes the value that the client has, where it has one."""
    name, equals, _ = text.partition("=")
    if not name:
        raise ValueError(f"invalid environment variable: {text}")
    if not equals and name in os.environ:
        return f"{name}={os.environ[name]}"
    return text


def label(text: str) -> str:
    """name=value or name."""
    name = text.partition("=")[0].lstrip()
    if not name:
        raise ValueError(f"invalid label '{text}': empty name")
    if any(letter.isspace() for letter in name):
        raise ValueError(f"label '{name}' contains whitespaces")
    return text


def _is_ip(text: str) -> bool:
    import _socket

    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False


def ip_address(text: str) -> str:
    """An address in its usual form."""
    text = text.strip()
    if not _is_ip(text):
        raise ValueError(f"IP address is not correctly formatted: {text}")
    return text


dns = ip_address


def dns_search(text: str) -> str:
    """A domain, or "." for none."""
    text = text.strip()
    if text == ".":
        return text
    labels = text.removesuffix(".").split(".")
    good = all(
        part and len(part) <= 63 and part[0].isalnum() and part[-1].isalnum() and part.replace("-", "").isalnum()
        for part in labels
    )
    if not good or not text.isascii() or len(text) > 255:
        raise ValueError(f"{text} is not a valid domain")
    return text


def extra_host(text: str) -> str:
    """host:ip or host=ip; `host-gateway` stands for the host's address."""
    name, found, address = text.partition("=")
    if not found:
        name, found, address = text.partition(":")
    if not found or not name:
        raise ValueError(f"bad format for add-host: {quote(text)}")
    if address != "host-gateway":
        bare = address.removeprefix("[").removesuffix("]") if address.startswith("[") else address
        if not _is_ip(bare):
            raise ValueError(f"invalid IP address in add-host: {quote(address)}")
        address = bare
    return f"{name}:{address}"


def link(text: str) -> str:
    """name or name:alias."""
    if not text:
        raise ValueError("empty string specified for links")
    if text.count(":") > 1:
        raise ValueError(f"bad format for links: {text}")
    return text


def device(text: str) -> str:
    """A device as it stands; what it is made of is read with the whole command."""
    return text


def cgroup_rule(text: str) -> str:
    """`c 1:3 rwm`, where * stands for any number."""
    words = text.split(" ")
    good = (
        len(words) == 3 and words[0] in ("a", "b", "c") and 1 <= len(words[2]) <= 3 and not set(words[2]) - set("rwm")
    )
    if good:
        numbers = words[1].split(":")
        good = len(numbers) == 2 and all(number == "*" or (number.isdigit() and number.isascii()) for number in numbers)
    if not good:
        raise ValueError(f"invalid device cgroup format '{text}'")
    return text


def _device_pair(text: str) -> tuple[str, str]:
    path, found, value = text.partition(":")
    if not found or not path:
        raise ValueError(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    return path, value


def weight_device(text: str) -> "dict[str, Any]":
    """path:weight; 0 for none."""
    path, value = _device_pair(text)
    weight = int(value) if value.isdigit() else -1
    if weight and not 10 <= weight <= 1000:
        raise ValueError(f"invalid weight for device: {text}")
    return {"Path": path, "Weight": weight}


def device_bytes(text: str) -> "dict[str, Any]":
    """path:bytes a second, with a unit."""
    from boxship.cli.values import size

    path, value = _device_pair(text)
    try:
        rate = size(value)
    except ValueError:
        rate = -1
    if rate < 0:
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. "
            "Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        )
    return {"Path": path, "Rate": rate}


def device_count(text: str) -> "dict[str, Any]":
    """path:operations a second."""
    path, value = _device_pair(text)
    if not (value.isdigit() and value.isascii()):
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>. "
            "Number must be a positive integer"
        )
    return {"Path": path, "Rate": int(value)}


def ulimit(text: str) -> "tuple[str, dict[str, Any]]":
    """name=soft[:hard]."""
    name, found, values = text.partition("=")
    if not found:
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in _ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    numbers: list[int] = []
    for value in values.split(":", 1):
        digits = value.removeprefix("-")
        if not digits.isdigit():
            raise ValueError(f"strconv.ParseInt: parsing {quote(value)}: invalid syntax")
        numbers.append(int(value))
    soft, hard = numbers[0], numbers[-1]
    if hard != -1 and (soft == -1 or soft > hard):
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")
    return name, {"Name": name, "Hard": hard, "Soft": soft}


def sysctl(text: str) -> tuple[str, str]:
    """name=value, of a parameter that belongs to a namespace."""
    name, found, value = text.partition("=")
    allowed = name in _SYSCTLS or name.startswith(("net.", "fs.mqueue."))
    if not found or not allowed:
        raise ValueError(f"sysctl '{text}' is not allowed")
    return name, value


def mount(text: str) -> "dict[str, Any]":
    """One --mount."""
    from boxship.cli.options.mounts import parse_mount

    return parse_mount(text)


def network(text: str) -> "dict[str, Any]":
    """One --network."""
    from boxship.cli.options.networks import parse_network

    return parse_network(text)


def gpus(text: str) -> "dict[str, Any]":
    """One --gpus."""
    from boxship.cli.options.gpus import parse_gpus

    return parse_gpus(text)
