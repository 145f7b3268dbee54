"""Fixtures that every level of tests uses. Tests run as root: they make real containers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pluggy
import pytest
from hypothesis import HealthCheck, settings

from tests.support.api import Api
from tests.support.archives import archive, base_images
from tests.support.cli import Cli, boxship_cli, docker_cli
from tests.support.engine import Engine, Foreign
from tests.support.machine import left_over, reading
from tests.support.terminal import Terminal
from tools.clients import clients

# Tests do not time: a slow machine is no failure.
settings.register_profile("boxship", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("boxship")


@pytest.fixture(scope="session")
def client_home() -> Path:
    """The folder of the real clients."""
    return clients()


@pytest.fixture(scope="session")
def image_archive(client_home: Path) -> bytes:
    """An image archive as `docker save` writes it: bx/base:1 and bx/rich:1."""
    return archive(base_images(client_home / "bin/busybox"))


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder of the session's own on a real file system."""
    path = Path(tempfile.mkdtemp(prefix="boxship-tests-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(image_archive: bytes) -> Iterator[Engine | Foreign]:
    """A running daemon with the two test images, shared by the session: nobody may kill it.

    When the session ends, nothing of it may be left on the machine. With BOXSHIP_TEST_HOST set, the engine there is
    tested instead: what a real Docker fails is a wrong test.
    """
    if foreign := os.environ.get("BOXSHIP_TEST_HOST", ""):
        other = Foreign(foreign)
        other.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        yield other
        return
    before = reading()
    running = Engine().start()
    roots = str(running.run_root), str(running.data_root)
    loaded = running.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
    assert loaded.status == 200, f"loading the test images: {loaded.value}\n{running.tail()}"
    yield running
    running.empty()
    # Its parent group, its table of packet rules and the default bridge stay as long as it runs.
    own = (f"/{running.instance}", f"-{running.instance}.slice", f"boxship-{running.instance}", f"bx{running.instance}")
    containers = left_over(before, mine=running.instance, spare=own)
    running.close()
    left = [item for root in (*roots, running.instance) for item in left_over(before, mine=root, owner=root)]
    assert not containers, f"containers left behind, with the daemon running: {containers}"
    assert not left, f"the engine left behind, when it had ended: {left}"


@pytest.fixture
def fresh_engine(image_archive: bytes) -> Iterator[Engine]:
    """A daemon of this test alone, with the test images: it may be killed and started again."""
    running = Engine().start()
    try:
        running.api.request("POST", "/images/load", image_archive, headers={"Content-Type": "application/x-tar"})
        yield running
    finally:
        running.close()


@pytest.fixture
def fresh_docker(client_home: Path, fresh_engine: Engine, tmp_path: Path) -> Cli:
    """The docker CLI against this test's own engine."""
    return docker_cli(client_home, fresh_engine.host, tmp_path / "docker")


@pytest.fixture(scope="session")
def docker(client_home: Path, engine: Engine | Foreign, scratch: Path) -> Cli:
    """The docker CLI against the shared engine."""
    return docker_cli(client_home, engine.host, scratch / "docker")


@pytest.fixture(scope="session")
def boxship(engine: Engine | Foreign, scratch: Path) -> Cli:
    """Our CLI against the shared engine."""
    return boxship_cli(engine.host, scratch)


@pytest.fixture(scope="session")
def api(engine: Engine | Foreign) -> Api:
    """The shared engine's API, raw."""
    return engine.api


@pytest.fixture
def name(engine: Engine | Foreign, request: pytest.FixtureRequest) -> Iterator[str]:
    """A container name of this test's own; what bears it, alone or with a suffix, is removed at the end."""
    made = f"t{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
    yield made
    for container in engine.api.request("GET", "/containers/json?all=1").json:
        if any(made in given for given in container["Names"]):
            engine.api.request("DELETE", f"/containers/{container['Id']}?force=1&v=1")


@pytest.fixture
def terminals() -> Iterator[Callable[[Terminal], Terminal]]:
    """Takes care of terminals: `term = terminals(docker.terminal("run", …))`."""
    opened: list[Terminal] = []

    def keep(terminal: Terminal) -> Terminal:
        opened.append(terminal)
        return terminal

    yield keep
    for terminal in opened:
        terminal.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pluggy.Result[pytest.TestReport], None]:
    """A failed test shows the end of its daemon's log."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for fixture in ("fresh_engine", "engine"):
        used = getattr(item, "funcargs", {}).get(fixture)
        if isinstance(used, Engine | Foreign):
            report.sections.append(("the daemon's log", used.tail(30)))
            return
