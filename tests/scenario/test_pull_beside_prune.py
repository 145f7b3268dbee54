"""Pulls, removals and prunes at the same moment: none breaks another, and nothing is left at the end."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from tests.support.engine import Engine
from tests.support.hostile import scripted
from tests.support.imagery import Image, Layer, Shelf, tar_of
from tests.support.machine import files_below

PULLERS, PULLS = 4, 12
EVERYTHING = urllib.parse.quote(json.dumps({"dangling": ["false"]}))


def files(engine: Engine) -> set[str]:
    """All that images are made of, on the disk."""
    roots = [engine.data_root / name for name in ("layers", "blobs")]
    return files_below(*roots)


def test_in_a_loop(fresh_engine: Engine) -> None:
    """Seeded: which image each pull wants; the order of threads is the machine's."""
    engine = fresh_engine
    engine.api.request("POST", f"/images/prune?filters={EVERYTHING}")
    while any("/.gone." in path for path in files(engine)):
        time.sleep(0.05)
    before = files(engine)
    shelf = Shelf()
    layers = [Layer(tar_of(500 + number, 30_000)) for number in range(5)]
    for number in range(6):
        chosen = random.Random(number).sample(layers, 3)
        shelf.put("x", str(number), Image(chosen, labels={"n": str(number)}))
    over = threading.Event()

    def prune() -> int:
        rounds = 0
        while not over.is_set():
            answer = engine.api.request("POST", f"/images/prune?filters={EVERYTHING}")
            assert answer.status == 200, answer.value
            rounds += 1
        return rounds

    with scripted(shelf.answer) as server, ThreadPoolExecutor() as pool:

        def pull(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(PULLS):
                tag = str(chance.randrange(6))
                fields = urllib.parse.urlencode({"fromImage": f"{server.host}/x", "tag": tag})
                answer = engine.api.request("POST", f"/images/create?{fields}")
                said = [json.loads(line) for line in answer.body.splitlines() if line]
                assert answer.status == 200, said
                assert "error" not in said[-1], said[-1]
                made = engine.api.request("POST", "/containers/create", {"Image": f"{server.host}/x:{tag}"})
                assert made.status in (201, 404), made.value  # 404: a prune was faster
                if made.status == 201:
                    assert engine.api.request("DELETE", f"/containers/{made.json['Id']}").status == 204
                elif chance.random() < 0.5:
                    gone = engine.api.request("DELETE", f"/images/{server.host}/x:{tag}?force=1")
                    assert gone.status in (200, 404), gone.value

        pruning = pool.submit(prune)
        try:
            for done in [pool.submit(pull, seed) for seed in range(PULLERS)]:
                done.result(timeout=100)
        finally:
            over.set()
        assert pruning.result(timeout=60) > 0
    assert engine.api.request("POST", f"/images/prune?filters={EVERYTHING}").status == 200
    assert engine.api.request("GET", "/images/json?all=1").json == []
    _until_same(engine, before)
    engine.kill()
    engine.start()
    _until_same(engine, before)


def _until_same(engine: Engine, before: set[str]) -> None:
    deadline = time.monotonic() + 30
    while (now := files(engine)) != before:
        assert time.monotonic() < deadline, sorted(now ^ before)[:10]
        time.sleep(0.05)
