"""`boxship daemon`: puts the parts together, serves, and ends in order.

Containers do not notice its end: their monitors are not its children.
"""

import ctypes
import gc
import logging
import os
import resource
import sys
from pathlib import Path

from boxship import __version__
from boxship.app.lean import import_asyncio

import_asyncio()

import asyncio  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402

from boxship.app.config import DaemonConfig, UsageError, parse_arguments  # noqa: E402
from boxship.app.features import features_for  # noqa: E402
from boxship.app.listen import open_listener, tls_context  # noqa: E402
from boxship.app.lock import lock_root  # noqa: E402
from boxship.app.notify import notify  # noqa: E402
from boxship.app.workers import makers  # noqa: E402
from boxship.engine.boot import boot  # noqa: E402
from boxship.engine.engine import Engine  # noqa: E402
from boxship.engine.network.recover import take_down  # noqa: E402
from boxship.http.server import HttpServer  # noqa: E402
from boxship.image.store import ImageStore  # noqa: E402
from boxship.kernel.cgroup import Cgroup, detect  # noqa: E402
from boxship.kernel.cgroup.scope import stop_unit  # noqa: E402
from boxship.lib.bridge import quick  # noqa: E402
from boxship.lib.errors import BoxshipError  # noqa: E402
from boxship.runtime.apparmor import load_at_boot  # noqa: E402
from boxship.runtime.launch import Launcher  # noqa: E402
from boxship.server.handler import Api  # noqa: E402
from boxship.storage.content import ContentStore  # noqa: E402
from boxship.storage.database import Database  # noqa: E402
from boxship.storage.snapshot.probe import open_snapshotter  # noqa: E402

log = logging.getLogger("boxship")

_LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}
# mallopt(3); a pool's thread would get an arena of its own, whose freed memory no other thread uses.
_M_ARENA_MAX = -8


def main(argv: list[str]) -> int:
    """Run the daemon until it is told to end; its exit code: 0, 1 when it can't run, 125 for a bad command line."""
    try:
        config = parse_arguments(argv)
    except UsageError as error:
        print(f"{error.message}\nSee 'boxship daemon --help'.", file=sys.stderr)
        return 125
    if config is None:
        from boxship.app.config.usage import HELP

        print(HELP, end="")
        return 0
    if os.geteuid() != 0:
        print("the daemon needs root\n  sudo boxship daemon", file=sys.stderr)
        return 1
    level = 10 if config.debug else _LEVELS[config.log_level]
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("asyncio").setLevel(max(level, logging.INFO))
    _spare_memory()
    try:
        asyncio.run(_run(config))
    except (BoxshipError, OSError) as error:
        print(f"the daemon can't run: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(config: DaemonConfig) -> None:
    for folder, mode in ((config.data_root, 0o711), (config.run_root, 0o711)):
        os.makedirs(folder, mode=mode, exist_ok=True)
    locks = [lock_root(config.data_root, "--data-root"), lock_root(config.run_root, "--run-root")]
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        if config.pidfile:
            Path(config.pidfile).write_text(f"{os.getpid()}\n", encoding="ascii")
        await _serve(config, told)
    finally:
        if config.pidfile:
            Path(config.pidfile).unlink(missing_ok=True)
        for fd in locks:
            os.close(fd)


async def _serve(config: DaemonConfig, told: asyncio.Event) -> None:
    host = features_for(config)
    launcher = Launcher(Path(config.run_root))
    await launcher.connect()
    _raise_file_limit()
    database = Database(Path(config.data_root, "state.db"))
    # Mounted images would not be there for a zygote in another mount namespace, as an earlier daemon's may be.
    asked = config.snapshotter
    if not asked and not _same_mounts(launcher.zygote_pid):
        log.warning("the zygote is in another mount namespace than this daemon: images are unpacked instead of mounted")
        asked = "folders"
    snapshotter = await quick(open_snapshotter, asked, config.data_root, config.run_root, makers(launcher))
    engine = Engine(
        config=config.for_engine(),
        database=database,
        images=ImageStore(database, ContentStore(f"{config.data_root}/blobs"), snapshotter),
        snapshotter=snapshotter,
        launcher=launcher,
        host=host,
    )
    server = HttpServer(Api(engine))
    try:
        # Clients that come before the boot is over wait in the sockets' queues.
        tls = tls_context(config)
        sockets = [await open_listener(address, launcher, config) for address in config.addresses()]
        await quick(load_at_boot, engine.host)
        await boot(engine)
        for sock in sockets:
            await server.listen(sock, tls if sock.family != socket.AF_UNIX else None)
        running = sum(1 for container in engine.containers if container.active)
        where = " and ".join(config.addresses())
        print(
            f"boxship {__version__} listens on {where} ({len(engine.containers)} containers, {running} running)",
            file=sys.stderr,
            flush=True,
        )
        _settle()
        notify("READY=1")
        await told.wait()
        notify("STOPPING=1")
    finally:
        engine.closing = True
        await server.close()
        await engine.close()
        if not any(container.active for container in engine.containers):
            await quick(take_down, engine)
            await launcher.retire()
            await quick(_remove_parents, engine)
            await quick(snapshotter.close)
        await launcher.close()
        database.close()


def _same_mounts(pid: int) -> bool:
    return os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt")


def _remove_parents(engine: Engine) -> None:
    """The groups that containers' own were in."""
    if engine.config.parent:
        # Not ours to remove.
        return
    parent = engine.config.cgroup_parent(engine.host.cgroup_driver)
    if engine.host.cgroup_driver == "systemd":
        try:
            stop_unit(parent)
        except (BoxshipError, OSError) as error:
            log.warning("systemd does not end %s: %s", parent, error)
        return
    for path in (parent, "/boxship"):
        Cgroup(path, detect()).remove_if_empty()


def _raise_file_limit() -> None:
    """Every monitor and every client is an open file. After the zygote's start: containers keep the limit that this
    process was given, as with Docker.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _spare_memory() -> None:
    """One more arena at most for the threads of the pools."""
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    except AttributeError:
        # Not glibc.
        pass


def _settle() -> None:
    """Give back what the start has used, and keep what stays out of the collector's way."""
    gc.collect()
    gc.freeze()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        pass
