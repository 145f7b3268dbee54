"""Many hostile requests against one engine, and what must hold in the end."""

from __future__ import annotations

import os
import random
import re
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.support.engine import Engine
from tests.support.fuzz.caller import Reply, call
from tests.support.fuzz.requests import Asked, Requests

THREADS = 4
IMAGE = "fuzz/base:1"
_REFRESH = 200
# Docker answers 500 to these, in these words; the recorded facts hold us to it.
_DOCKERS_OWN = tuple(
    re.compile(words)
    for words in (
        r"invalid --security-opt",
        r"Container [0-9a-f]+ is not paused",
        r"you must choose at least one stream",
        r"ps: error: ",
        r"joining network namespace of container: No such container",
        # The kernel's word on a quota that is too small, and on real-time shares that it has not.
        r"Cannot update container [0-9a-f]+: .*cpu.(cfs_quota|rt_period|rt_runtime)_us",
        r"invalid tar header|\"unexpected EOF",
        r"failed to create task for container",
        r"failed to set up container networking",
        r"error gathering device information",
        r"Cannot restart container .*: unable to find user ",
        r"strconv\.(Atoi|ParseInt): parsing",
        r"invalid volume specification: ",
        r"--storage-opt is supported only for overlay over xfs",
        r"(\"|Cannot restart container .*: )l?stat .*: (no such file or directory|file name too long|invalid argument)",
        r"cannot remove the default link name of the container",
        # Registries that a machine does not reach; GET /images/NAME/get of no name.
        r"dial tcp: lookup \S+( on \S+)?: no such host",
        r"\"message\":\"invalid reference format",
        r"(Cannot restart container|cannot stop container:) .*: invalid signal",
    )
)


@dataclass
class Campaign:
    """A run of requests. wrong: what should not have been answered, with the request."""

    engine: Engine
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    dockers_own: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, count: int) -> None:
        """Send `count` requests by several callers at once; afterwards every container of theirs is removed."""
        with tempfile.TemporaryDirectory(prefix="boxship-fuzz-", dir="/var/tmp") as folder:
            callers = [
                threading.Thread(target=self._call, args=(self.seed + number, count // THREADS, folder))
                for number in range(THREADS)
            ]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            self.engine.empty()

    def _call(self, seed: int, count: int, folder: str) -> None:
        requests = Requests(seed, IMAGE, folder, "fuzz-")
        manners = random.Random(seed)
        for number in range(count):
            if number % _REFRESH == 0:
                self.engine.api.request("POST", "/images/bx/base:1/tag?repo=fuzz/base&tag=1")
            asked = requests.next()
            try:
                reply = call(self.engine.socket_path, asked, manners)
            except OSError as error:
                self._note(f"nobody listens: {error}", asked, seed, number)
                return
            if asked.target.endswith("/exec") and reply.status == 201:
                requests.execs.append(reply.text.partition('"Id":"')[2].partition('"')[0])
            self._judge(reply, asked, seed, number)

    def _judge(self, reply: Reply, asked: Asked, seed: int, number: int) -> None:
        with self._lock:
            self.statuses[reply.status] += 1
        if reply.status < 500 or reply.status in (501, 503, 505):
            return
        if asked.method == "HEAD":
            # Its words are a GET's, which comes along, too.
            return
        for words in _DOCKERS_OWN:
            if words.search(reply.text):
                with self._lock:
                    self.dockers_own[words.pattern] += 1
                return
        self._note(f"{reply.status} {reply.text.strip()[:300]}", asked, seed, number)

    def _note(self, what: str, asked: Asked, seed: int, number: int) -> None:
        with self._lock:
            self.wrong.append(
                f"{what}\n    {asked.method} {asked.target[:300]} {asked.body[:600]!r} (seed {seed}, number {number})"
            )


@dataclass(frozen=True)
class Held:
    """What a daemon holds: open descriptors, threads, and memory of its own in KiB."""

    descriptors: int
    threads: int
    private_kib: int

    @staticmethod
    def of(pid: int) -> Held:
        """A reading."""
        memory = 0
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Private_Dirty:"):
                    memory = int(line.split()[1])
        return Held(len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task")), memory)


def settled(pid: int, wanted: Held, seconds: float = 20) -> Held:
    """A reading once descriptors are down to what was wanted, or the time is up: clients that left are cleaned up."""
    until = time.monotonic() + seconds
    while (held := Held.of(pid)).descriptors > wanted.descriptors and time.monotonic() < until:
        time.sleep(0.2)
    return held
