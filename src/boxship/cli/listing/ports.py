"""A container's ports as `docker ps` shows them: neighbours drawn together. Pure."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def shown(ports: "Sequence[dict[str, Any]]") -> str:
    """`0.0.0.0:8080->80/tcp, 9000-9002/udp`. ports: as /containers/json has them.

    Runs of ports that are published under their own numbers, or not at all, are drawn together; those published
    under another number stand for themselves, at the end.
    """
    runs: dict[tuple[str, str], list[int]] = {}
    done: list[str] = []
    renumbered: list[str] = []
    for port in sorted(ports, key=_order):
        private, address, kind = port["PrivatePort"], port.get("IP", ""), port["Type"]
        if address and port.get("PublicPort", 0) != private:
            renumbered.append(f"{_joined(address, str(port.get('PublicPort', 0)))}->{private}/{kind}")
            continue
        run = runs.setdefault((address, kind), [private, private])
        if private == run[1] + 1:
            run[1] = private
        elif private != run[1]:
            done.append(_run(address, kind, *run))
            runs[address, kind] = [private, private]
    done += [_run(address, kind, *run) for (address, kind), run in runs.items()]
    return ", ".join(done + renumbered)


def _order(port: "dict[str, Any]") -> "tuple[Any, ...]":
    return port["PrivatePort"], port.get("IP", ""), port.get("PublicPort", 0), port["Type"]


def _run(address: str, kind: str, first: int, last: int) -> str:
    numbers = str(first) if first == last else f"{first}-{last}"
    return f"{_joined(address, numbers)}->{numbers}/{kind}" if address else f"{numbers}/{kind}"


def _joined(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
