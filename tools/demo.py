"""The main job, shown: a daemon on private roots, a Debian image, containers by the real docker CLI and by boxship.

Every command is printed as a person types it and must succeed. At the end everything is stopped and removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.base_image import debian_root
from tools.clients import clients
from tools.debian import ToolError, codename, complain

READY_WITHIN = 30.0


class Demo:
    """One daemon and the shell of a person who uses it."""

    def __init__(self, data_root: Path, run_root: Path, config: Path) -> None:
        self.data_root, self.run_root = data_root, run_root
        self.socket = run_root / "boxship.sock"
        home = clients()
        config.joinpath("config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(home / "cli-plugins")]}))
        folders = [str(Path(sys.executable).parent), str(home / "bin"), os.environ["PATH"]]
        self.environment = os.environ | {
            "PATH": ":".join(folders),
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(config),
            "DOCKER_CLI_HINTS": "false",
        }
        self.daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon in the background and wait until it answers."""
        command = ["boxship", "daemon", "--data-root", str(self.data_root), "--run-root", str(self.run_root)]
        print(f"\n# {shlex.join(command)} &", flush=True)
        with (self.data_root.parent / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_WITHIN
        ask = ["docker", "version", "--format", "{{.Server.Version}}"]
        while subprocess.run(ask, env=self.environment, capture_output=True, check=False).returncode:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise ToolError("the daemon does not answer:\n" + (self.data_root.parent / "daemon.log").read_text())
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill the daemon as a crash would."""
        assert self.daemon is not None
        print("\n# kill -9 the daemon", flush=True)
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def show(self, line: str, *, stdin: Path | None = None) -> None:
        """Print a command, run it, stop the demo when it fails."""
        print(f"\n# {line}" + (f" < {stdin}" if stdin else ""), flush=True)
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
            done = subprocess.run(shlex.split(line), env=self.environment, stdin=source, check=False)
        if done.returncode:
            log = (self.data_root.parent / "daemon.log").read_text()[-3000:]
            raise ToolError(f"`{line}` failed with exit code {done.returncode}; the daemon says:\n{log}")

    def close(self) -> None:
        """Remove every container and end all processes of this daemon."""
        if self.daemon is not None and self.daemon.poll() is None:
            listed = subprocess.run(
                ["docker", "ps", "-aq"], env=self.environment, capture_output=True, text=True, check=False
            )
            if listed.stdout.split():
                remove = ["docker", "rm", "-f", *listed.stdout.split()]
                subprocess.run(remove, env=self.environment, capture_output=True, check=False)
            self.daemon.terminate()
            try:
                self.daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        for pid in _holders(str(self.run_root)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _holders(folder: str) -> Iterator[int]:
    """Processes with an open file below a folder: the zygote, which outlives its daemon."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            held = (os.readlink(f"/proc/{name}/fd/{number}") for number in os.listdir(f"/proc/{name}/fd"))
            if any(path.startswith(folder) for path in held):
                yield int(name)


def main() -> int:
    """Run the demo; the exit code is 1 when a command failed."""
    if os.geteuid() != 0:
        return complain(ToolError("containers need root: sudo make demo"))
    base = Path(tempfile.mkdtemp(prefix="boxship-demo-", dir="/var/tmp"))
    run_root = Path(tempfile.mkdtemp(prefix="bx-demo-", dir="/run" if os.access("/run", os.W_OK) else "/tmp"))
    try:
        (base / "data").mkdir()
        (base / "docker").mkdir()
        demo = Demo(base / "data", run_root, base / "docker")
        try:
            _play(demo)
        finally:
            demo.close()
    except ToolError as error:
        return complain(error)
    finally:
        _unmount_below(base, run_root)
        shutil.rmtree(run_root, ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)
    print("\nThe demo ran to its end; its daemon, containers and files are gone.")
    return 0


def _play(demo: Demo) -> None:
    suite = codename()
    print(f"No registry client yet: the base image is made by debootstrap from this machine's own mirror ({suite}).")
    image = debian_root()
    demo.start()
    demo.show("docker version")
    demo.show(f"docker import --change 'CMD [\"bash\"]' - debian:{suite}", stdin=image)
    demo.show("docker images")
    demo.show(f"docker run --rm debian:{suite} head -n 2 /etc/os-release")
    demo.show(f"boxship run --rm --hostname box debian:{suite} sh -c 'echo hello from $(hostname), pid $$'")
    demo.show(f"docker run --rm --init debian:{suite} cat /proc/1/comm")
    ticker = "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.2; done"
    demo.show(f"docker run -d --name ticker --memory 64m debian:{suite} bash -c '{ticker}'")
    demo.show("docker exec ticker id")
    demo.show("boxship ps")
    demo.kill()
    demo.start()
    demo.show("docker ps")
    demo.show("boxship logs --tail 3 ticker")
    demo.show("docker stop -t 1 ticker")
    demo.show("docker inspect -f '{{.State.Status}}, exit code {{.State.ExitCode}}' ticker")
    demo.show("boxship rm ticker")
    demo.show(f"docker rmi debian:{suite}")


def _unmount_below(*roots: Path) -> None:
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        point = line.split()[4]
        if any(point.startswith(f"{root}/") for root in roots):
            subprocess.run(["umount", "-l", point], check=False, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
