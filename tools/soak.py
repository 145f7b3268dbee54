"""Cycles and crashes against one daemon until the time is up: `python -m tools.soak [--minutes N]`.

Containers are made, run, asked and removed in several threads; at random moments the daemon is killed. At the end every
answer must have been right and nothing may be left on the machine.
"""

from __future__ import annotations

import argparse
import http.client
import random
import sys
import threading
import time
from collections import Counter

from tests.support.api import Api, frames
from tests.support.archives import archive, base_images
from tests.support.engine import Engine
from tests.support.machine import left_over, reading
from tools.clients import clients

THREADS = 4
DOWN = (OSError, http.client.HTTPException)


class Soak:
    """The counts of a run."""

    def __init__(self, engine: Engine, minutes: float) -> None:
        self.engine = engine
        self.until = time.monotonic() + minutes * 60
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def work(self, worker: int) -> None:
        """Cycle after cycle; an answer that did not come because the daemon was killed is asked again."""
        number = 0
        while time.monotonic() < self.until and not self.wrong:
            number += 1
            try:
                self.cycle(f"soak-{worker}-{number}")
            except AssertionError as error:
                self.wrong.append(str(error))
            self.counts["cycles"] += 1

    def cycle(self, name: str) -> None:
        """One container: made, started, waited for, its log read, removed."""
        code = random.randrange(1, 100)
        script = f"seq 1 {code}; sleep 0.{random.randrange(5)}; exit {code}"
        body = {"Image": "bx/base:1", "Cmd": ["sh", "-c", script], "HostConfig": {"NetworkMode": "none"}}
        self.ask("POST", f"/containers/create?name={name}", body, (201, 409))
        _, starts = self.ask("POST", f"/containers/{name}/start", None, (204, 304))
        waited, _ = self.ask("POST", f"/containers/{name}/wait", None, (200,))
        got = waited["StatusCode"]
        assert got == code, f"{name}: exit code {got}, not {code}"
        logged = self.raw("GET", f"/containers/{name}/logs?stdout=1")
        lines = b"".join(data for _, data in frames(logged)).decode().split()
        # A start whose answer was lost is asked again, and starts once more what has ended meanwhile.
        whole = [str(line) for line in range(1, code + 1)]
        assert lines in [whole * runs for runs in range(1, starts + 1)], f"{name}: its log is {lines}"
        self.ask("DELETE", f"/containers/{name}", None, (204, 404))

    def ask(self, method: str, path: str, body: object, good: tuple[int, ...]) -> tuple[dict[str, int], int]:
        """Ask until a daemon answers; the answer, and how often it was asked."""
        times = 0
        while True:
            times += 1
            try:
                answer = Api(self.engine.socket_path).request(method, path, body)
            except DOWN:
                self.counts["asked again"] += 1
                time.sleep(0.1)
                continue
            assert answer.status in good, f"{method} {path}: {answer.status} {answer.value}"
            found: dict[str, int] = answer.json if answer.status == 200 else {}
            return found, times

    def raw(self, method: str, path: str) -> bytes:
        """A raw body, asked for until a daemon answers it whole."""
        while True:
            try:
                return Api(self.engine.socket_path).request(method, path).body
            except DOWN:
                time.sleep(0.1)

    def crash(self) -> None:
        """Kill the daemon now and then, and start it again."""
        while time.monotonic() < self.until and not self.wrong:
            time.sleep(random.uniform(2, 15))
            self.engine.kill()
            self.engine.start()
            self.counts["kills"] += 1


def main() -> int:
    """Run; the exit code is 1 when an answer was wrong or something was left."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    before = reading()
    engine = Engine().start()
    owner = str(engine.run_root)
    images = archive(base_images(clients() / "bin/busybox"))
    engine.api.request("POST", "/images/load", images, headers={"Content-Type": "application/x-tar"})
    soak = Soak(engine, minutes)
    threads = [threading.Thread(target=soak.work, args=(number,)) for number in range(THREADS)]
    threads.append(threading.Thread(target=soak.crash))
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.empty()
    finally:
        engine.close()
    left = left_over(before, mine=owner, owner=owner)
    print(f"soak: {dict(soak.counts)}, wrong: {soak.wrong or 'nothing'}, left: {left or 'nothing'}")
    return 1 if soak.wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
