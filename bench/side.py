"""One of the two engines that are compared."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Iterable, Sequence

from bench.api import Api
from bench.errors import MeasurementFailed

_TIMEOUT = 180


class Side:
    """An engine, the clients that talk to it, and the containers that were made on it.

    name: "ours" or "peer"; host: a unix:// address; image: what containers are made of. through: a
    command that runs another in the network that both engines share.
    """

    def __init__(
        self, name: str, host: str, image: str, docker: str, own_cli: str, through: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.through = tuple(through)
        self.host = host
        self.image = image
        self.socket_path = host.removeprefix("unix://")
        self.docker = docker
        self.own_cli = own_cli
        self._environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_CLI_HINTS": "false"}
        self._environment.pop("DOCKER_CONTEXT", None)
        self._numbers = itertools.count()

    def api(self) -> Api:
        """A new connection."""
        return Api(self.socket_path)

    def fresh_name(self) -> str:
        """A container name that nobody else uses."""
        return f"bench-{os.getpid()}-{self.name}-{next(self._numbers)}"

    def run(self, command: list[str], expect: bytes | None = None) -> bytes:
        """Run a client to its end; what it printed. MeasurementFailed unless it succeeds and prints `expect`."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._environment,
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode:
            # A traceback's last line is the one that says it.
            said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise MeasurementFailed(f"{' '.join(command)}: exit code {done.returncode}: {said}")
        if expect is not None and done.stdout != expect:
            raise MeasurementFailed(f"{' '.join(command)}: printed {done.stdout[:200]!r}, not {expect[:200]!r}")
        return done.stdout

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a client without waiting for it."""
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
        )

    def timed(self, command: list[str], expect: bytes | None = None) -> float:
        """The seconds that a client takes from its start to its end."""
        begin = time.perf_counter()
        self.run(command, expect)
        return time.perf_counter() - begin

    def remove(self, names: Iterable[str]) -> None:
        """Remove containers by force; those that are gone already are fine."""
        with self.api() as api:
            for name in names:
                try:
                    api.call("DELETE", f"/containers/{name}?force=1&v=1")
                except MeasurementFailed as error:
                    if ": 404 " not in str(error) and ": 409 " not in str(error):
                        raise

    def remove_own(self) -> None:
        """Remove every container that this process made."""
        with self.api() as api:
            found = api.call("GET", "/containers/json?all=1")
        mine = f"/bench-{os.getpid()}-"
        self.remove(entry["Id"] for entry in found if any(name.startswith(mine) for name in entry["Names"]))
