"""-p and --expose. Pure."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROTOCOLS = ("tcp", "udp", "sctp")
_HIGHEST = 65535


class BadPort(Exception):
    """A port that can't be read. The message is Docker's."""


def publish(texts: "list[str]") -> "tuple[dict[str, Any], dict[str, Any]]":
    """Every -p: the exposed ports and the bindings, as the API takes them. BadPort."""
    exposed: dict[str, Any] = {}
    bindings: dict[str, Any] = {}
    for text in texts:
        for port, address, host in _one(_long(text) if "=" in text else text):
            exposed[port] = {}
            bindings.setdefault(port, []).append({"HostIp": address, "HostPort": host})
    return exposed, bindings


def expose(texts: "list[str]") -> "dict[str, Any]":
    """Every --expose: a port or a range. BadPort."""
    exposed: dict[str, Any] = {}
    for text in texts:
        if ":" in text:
            raise BadPort(f"invalid port format for --expose: {text}")
        ports, _, protocol = text.partition("/")
        protocol = (protocol or "tcp").lower()
        try:
            first, last = _range(ports)
        except ValueError as error:
            raise BadPort(f"invalid range format for --expose: {text}, error: {error}") from None
        for port in range(first, last + 1):
            exposed[f"{port}/{protocol}"] = {}
    return exposed


def _long(text: str) -> str:
    """The long form, published=8080,target=80,protocol=tcp, as the short one."""
    fields = dict(part.partition("=")[::2] for part in text.split(","))
    target, protocol = fields.get("target", ""), fields.get("protocol", "tcp")
    if not target:
        raise BadPort(f"invalid port format: {text}: target is required")
    return f"{fields.get('published', '')}:{target}/{protocol}"


def _one(text: str) -> "list[tuple[str, str, str]]":
    """(port/protocol, address, host port) of one -p, as many as its range is long."""
    address, host, container = _split(text)
    ports, slash, protocol = container.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if not ports:
        raise BadPort(f"No port specified: {text}<empty>")
    try:
        first, last = _range(ports)
    except ValueError:
        raise BadPort(f"Invalid containerPort: {ports}") from None
    host_first = host_last = 0
    if host:
        try:
            host_first, host_last = _range(host)
        except ValueError:
            raise BadPort(f"Invalid hostPort: {host}") from None
        # One port of the container may take any port of a range of the host's.
        if last - first != host_last - host_first and last != first:
            raise BadPort(f"Invalid ranges specified for container and host Ports: {ports} and {host}")
    if address.count(":") == 1:
        raise BadPort(f"Invalid ip address {address}: address {address}:: too many colons in address")
    if address and not _is_address(address):
        raise BadPort(f"Invalid ip address: {address}")
    if protocol not in _PROTOCOLS:
        raise BadPort(f"Invalid proto: {protocol}")
    found = []
    for port in range(first, last + 1):
        number = str(host_first + port - first) if host else ""
        if host and first == last and host_first != host_last:
            number = f"{host_first}-{host_last}"
        found.append((f"{port}/{protocol}", address, number))
    return found


def _split(text: str) -> tuple[str, str, str]:
    before, _, container = text.rpartition(":")
    if before.startswith("["):
        address, _, host = before[1:].partition("]")
        return address, host.removeprefix(":"), container
    address, _, host = before.rpartition(":")
    return address, host, container


def _range(text: str) -> tuple[int, int]:
    """The first and last of a range. ValueError with Go's reason."""
    if not text:
        raise ValueError("empty string specified for ports")
    first, dash, last = text.partition("-")
    numbers = [_number(first), _number(last) if dash else _number(first)]
    if numbers[1] < numbers[0]:
        raise ValueError(f"invalid range specified for port: {text}")
    return numbers[0], numbers[1]


def _number(text: str) -> int:
    if not (text.isdigit() and text.isascii()):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) > _HIGHEST:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def _is_address(text: str) -> bool:
    import _socket

    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False
