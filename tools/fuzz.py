"""Hostile requests against a daemon of its own: `python -m tools.fuzz [--requests N] [--seed S]`.

The exit code is 1 when something was answered that should not have been, a traceback was logged, or anything leaked.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.support.archives import archive, base_images
from tests.support.engine import Engine
from tests.support.fuzz.campaign import Campaign, Held, settled
from tests.support.machine import left_over, reading
from tools.clients import clients

_WARM = 2000


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    before = reading()
    engine = Engine().start()
    owner = str(engine.run_root)
    images = archive(base_images(clients() / "bin/busybox"))
    engine.api.request("POST", "/images/load", images, headers={"Content-Type": "application/x-tar"})
    campaign = Campaign(engine, options.seed)
    try:
        # What is loaded at the first use of each verb is no leak.
        campaign.run(min(_WARM, options.requests))
        first = Held.of(engine.pid)
        began = time.monotonic()
        campaign.run(options.requests)
        seconds = time.monotonic() - began
        last = settled(engine.pid, first)
        logged = engine.log.read_text(errors="replace")
    finally:
        engine.close()
    tracebacks = logged.count("Traceback")
    left = left_over(before, mine=owner, owner=owner)
    for wrong in campaign.wrong[:40]:
        print(f"wrong: {wrong}")
    print(f"fuzz: seed {options.seed}, {options.requests} requests in {seconds:.0f} s")
    print(f"  answers: {dict(sorted(campaign.statuses.items()))}")
    print(f"  wrong: {len(campaign.wrong)}, tracebacks: {tracebacks}, Docker's own 500s: {dict(campaign.dockers_own)}")
    print(
        f"  descriptors {first.descriptors} -> {last.descriptors}, threads {first.threads} -> {last.threads},", end=""
    )
    print(f" memory {first.private_kib} -> {last.private_kib} KiB, left: {left or 'nothing'}")
    for text in sorted({part.partition("\n20")[0] for part in logged.split("Traceback (most recent")[1:]})[:5]:
        print(f"  traceback{text}")
    return 1 if campaign.wrong or tracebacks or left else 0


if __name__ == "__main__":
    sys.exit(main())
