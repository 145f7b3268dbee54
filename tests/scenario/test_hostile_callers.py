"""Callers that mean harm, or know no better: no request may break the daemon, however it is sent."""

from __future__ import annotations

from tests.support.engine import Engine
from tests.support.fuzz.campaign import Campaign, Held, settled

_WARM, _COUNT = 600, 4000
# Requests of one seed are the same every time; `python -m tools.fuzz` tries others, by the hundred thousand.
_SEED = 20261125


def use_all(engine: Engine) -> None:
    """Once what opens something for good at its first use: a network's bridge and its rules."""
    container = {"Image": "bx/base:1", "Cmd": ["sleep", "600"], "HostConfig": {"PortBindings": {"80/tcp": [{}]}}}
    made = engine.api.request("POST", "/containers/create", container).json["Id"]
    assert engine.api.request("POST", f"/containers/{made}/start").status == 204
    assert engine.api.request("DELETE", f"/containers/{made}?force=1").status == 204


def test_requests_made_up(fresh_engine: Engine) -> None:
    """No 500 that is not Docker's own, no traceback, nothing left open."""
    use_all(fresh_engine)
    campaign = Campaign(fresh_engine, _SEED)
    campaign.run(_WARM)
    first = Held.of(fresh_engine.pid)
    campaign.run(_COUNT)
    last = settled(fresh_engine.pid, first)
    assert not campaign.wrong, "\n".join(campaign.wrong[:10])
    assert "Traceback" not in fresh_engine.log.read_text(errors="replace")
    assert last.descriptors <= first.descriptors
    # Requests reached what they were meant to reach.
    done = sum(count for status, count in campaign.statuses.items() if 200 <= status < 300)
    assert done > 200 and campaign.statuses[201] > 20 and campaign.statuses[204] > 5, campaign.statuses
    assert fresh_engine.api.request("GET", "/containers/json?all=1").json == []
