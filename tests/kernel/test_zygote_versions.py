"""An update of the program: the new daemon meets the zygote and the monitors of the old one."""

import asyncio
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import boxship
from boxship.runtime.launch import Monitor
from tests.kernel.test_launch import CONTAINER, Rig, ended, processes_with_argument, rig, run

__all__ = ["rig"]

# What the old version's daemon does before it goes: a socket, a container.
OLD_DAEMON = """
import asyncio, pickle, sys
from pathlib import Path
from boxship.runtime.launch import Launcher

async def main():
    launcher = Launcher(Path(sys.argv[1]))
    await launcher.connect()
    (await launcher.listener(sys.argv[1] + "/api.sock")).close()
    await launcher.start(pickle.loads(Path(sys.argv[2]).read_bytes()))
    await launcher.close()

asyncio.run(main())
"""


def old_version(folder: Path) -> Path:
    """This package under another version's number."""
    package = folder / "boxship"
    shutil.copytree(Path(boxship.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text('__version__ = "0.0.1"\n')
    return folder


def test_a_new_version_takes_the_sockets_over_and_leaves_the_monitors(rig: Rig, tmp_path: Path) -> None:

    request = tmp_path / "request"
    request.write_bytes(pickle.dumps(rig.request("sh", "-c", "read line; exit 4", open_stdin=True)))
    environment = {**os.environ, "PYTHONPATH": str(old_version(tmp_path / "old"))}
    command = [sys.executable, "-c", OLD_DAEMON, str(rig.run_root), str(request)]
    subprocess.run(command, env=environment, check=True, timeout=60, cwd=tmp_path)
    inode = os.stat(f"{rig.run_root}/api.sock").st_ino
    # The zygote and the monitor, which is its fork.
    old = processes_with_argument(str(rig.run_root))
    assert len(old) == 2

    async def work() -> None:
        async with rig.launcher() as launcher:
            assert launcher.zygote_pid not in old
            listener = await launcher.listener(f"{rig.run_root}/api.sock")
            assert os.stat(f"{rig.run_root}/api.sock").st_ino == inode
            listener.close()
            monitor = await launcher.adopt(CONTAINER)
            assert isinstance(monitor, Monitor)
            # The old zygote is gone, its monitor lives on.
            while len(set(processes_with_argument(str(rig.run_root))) & set(old)) > 1:
                await asyncio.sleep(0.02)
            assert os.path.exists(f"/proc/{monitor.pid}")
            await monitor.signal(9)
            assert (await ended(launcher, monitor)).code == 137
            again = await launcher.start(rig.request("true"))
            assert (await ended(launcher, again)).code == 0

    run(work)
