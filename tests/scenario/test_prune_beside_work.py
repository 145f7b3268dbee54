"""`system prune -af` in a loop beside load, save, pull, commit, import, run and rmi: none breaks, nothing leaks.

Each worker takes its turns by a seed of its own. What prune may take away under a worker's hands (an image between two
requests) answers 404 or 409, and nothing else goes wrong.
"""

from __future__ import annotations

import random
import tarfile
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.scenario.test_daemon_killed import until
from tests.support.archives import Entry as File
from tests.support.archives import Image, archive, busybox_root, layer
from tests.support.engine import Engine
from tests.support.hostile import scripted
from tests.support.imagery import Image as PulledImage
from tests.support.imagery import Layer as PulledLayer
from tests.support.imagery import Shelf, tar_of

TURNS = 12
SEEDS = (1, 2, 3)
TAR = {"Content-Type": "application/x-tar"}
GONE = (404, 409)


class Worker(threading.Thread):
    """One client. faults: what went wrong."""

    def __init__(self, engine: Engine, seed: int, root: bytes, registry: str) -> None:
        super().__init__()
        self.registry = registry
        self.api = engine.api
        self.name = f"w{seed}"
        self.random = random.Random(seed)
        self.root = root
        self.faults: list[str] = []

    def run(self) -> None:
        """All turns."""
        for turn in range(TURNS):
            verbs = [self.load, self.save, self.commit, self.import_, self.run_one, self.remove, self.pull]
            verb = self.random.choice(verbs)
            try:
                verb(f"{self.name}:{turn}")
            except Exception as error:
                self.faults.append(f"{verb.__name__} {turn}: {error!r}")

    def expect(self, what: str, answer: Any, *allowed: int) -> bool:
        """Note an answer that may not be; whether it was a success."""
        if answer.status >= 400 and answer.status not in allowed:
            self.faults.append(f"{what}: {answer.status} {answer.body[:200]!r}")
        if b'"errorDetail"' in answer.body[:100_000]:
            self.faults.append(f"{what}: {answer.body[:300]!r}")
        return bool(answer.status < 400)

    def load(self, name: str) -> None:
        """An image with a layer of its own over one that all share."""
        own = layer([File(name.replace(":", "-"), name.encode() * 500)])
        data = archive([Image((name,), (self.root, own))])
        self.expect(f"load {name}", self.api.request("POST", "/images/load", data, headers=TAR))

    def save(self, name: str) -> None:
        """What is loaded can be saved, whole, unless it was pruned meanwhile."""
        self.load(name)
        answer = self.api.request("GET", f"/images/{name}/get")
        if self.expect(f"save {name}", answer, *GONE):
            with tarfile.open(fileobj=BytesIO(answer.body)) as saved:
                assert "manifest.json" in saved.getnames()

    def pull(self, name: str) -> None:
        """One of three images that share layers; all workers pull the same ones."""
        reference = f"fromImage={self.registry}/x&tag={self.random.randrange(3)}"
        self.expect(f"pull {reference}", self.api.request("POST", f"/images/create?{reference}"))

    def import_(self, name: str) -> None:
        """A root file system of one layer."""
        repository, _, tag = name.partition(":")
        own = layer([File("imported", name.encode())])
        path = f"/images/create?fromSrc=-&repo={repository}&tag={tag}"
        self.expect(f"import {name}", self.api.request("POST", path, own, headers=TAR))

    def run_one(self, name: str) -> None:
        """A container from an image that was just loaded."""
        self.load(name)
        container = self.create(name)
        if not container:
            return
        if self.expect(f"start {name}", self.api.request("POST", f"/containers/{container}/start"), *GONE):
            code = self.api.request("POST", f"/containers/{container}/wait")
            if self.expect(f"wait {name}", code, *GONE) and code.json["StatusCode"] != 0:
                self.faults.append(f"{name} ended with {code.json}")
        self.expect(f"rm {name}", self.api.request("DELETE", f"/containers/{container}?force=1"), *GONE)

    def commit(self, name: str) -> None:
        """An image of a container's changes, and a container of that."""
        self.load(name)
        container = self.create(name)
        if not container:
            return
        repository, _, tag = name.partition(":")
        if self.api.request("POST", f"/containers/{container}/start").status < 400:
            self.api.request("POST", f"/containers/{container}/wait")
        path = f"/commit?container={container}&repo={repository}-made&tag={tag}"
        self.expect(f"commit {name}", self.api.request("POST", path), *GONE)
        self.expect(f"rm {name}", self.api.request("DELETE", f"/containers/{container}?force=1"), *GONE)
        made = self.create(f"{repository}-made:{tag}")
        if made:
            self.expect(f"rm {name}", self.api.request("DELETE", f"/containers/{made}?force=1"), *GONE)

    def remove(self, name: str) -> None:
        """An image that is loaded, and then removed."""
        self.load(name)
        self.expect(f"rmi {name}", self.api.request("DELETE", f"/images/{name}"), *GONE)

    def create(self, image: str) -> str:
        """A container's id, "" when its image was pruned."""
        body = {"Image": image, "Cmd": ["/bin/sh", "-c", "echo x > /made"]}
        answer = self.api.request("POST", "/containers/create", body)
        return str(answer.json["Id"]) if self.expect(f"create {image}", answer, 404) else ""


def shelf() -> Shelf:
    """A registry's three images; each has one layer more than the one before."""
    offered = Shelf()
    layers = [PulledLayer(tar_of(number)) for number in range(3)]
    for number in range(3):
        offered.put("x", str(number), PulledImage(layers[: number + 1]))
    return offered


def test_none_breaks_and_nothing_leaks(client_home: Path) -> None:
    engine = Engine().start()
    with scripted(shelf().answer) as server:
        _run(engine, busybox_root(client_home / "bin/busybox"), server.host)


def _run(engine: Engine, root: bytes, registry: str) -> None:
    try:
        workers = [Worker(engine, seed, root, registry) for seed in SEEDS]
        for worker in workers:
            worker.start()
        prunes = 0
        while any(worker.is_alive() for worker in workers):
            _prune_all(engine)
            prunes += 1
        for worker in workers:
            worker.join()
        faults = [fault for worker in workers for fault in worker.faults]
        assert not faults, engine.tail()
        assert prunes > 1
        _prune_all(engine)
        # What was removed last is still being deleted.
        until(lambda: engine.api.request("GET", "/system/df").json["Disk"]["Unowned"] == 0, "the last files to go")
        df = engine.api.request("GET", "/system/df").json
        assert (df["Images"], df["Containers"], df["LayersSize"], df["Disk"]["Unowned"]) == ([], [], 0, 0), df["Disk"]
        layers = engine.data_root / "layers"
        assert [path.name for path in layers.iterdir() if len(path.name) == 64] == []
        assert list((engine.data_root / "blobs/sha256").iterdir()) == []
        assert [path.name for path in (engine.data_root / "snapshots").iterdir()] == []
    finally:
        engine.close()


def _prune_all(engine: Engine) -> None:
    """What `docker system prune -af` asks for."""
    for path in (
        "containers/prune",
        "networks/prune",
        'images/prune?filters={"dangling":["false"]}',
        "build/prune?all=1",
    ):
        quoted = (
            path.replace('"', "%22").replace("{", "%7B").replace("}", "%7D").replace("[", "%5B").replace("]", "%5D")
        )
        answer = engine.api.request("POST", f"/{quoted}")
        assert answer.status == 200, answer.body
