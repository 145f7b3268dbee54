"""What belongs on this machine: items, and what was left out and why."""

import os
import shutil
import sys

from boxship.cli.complete.scripts import script
from boxship.cli.context import CliError
from boxship.cli.install.items import Context, File, Group, Service
from boxship.cli.install.unit import SERVICE, service

TYPE_CHECKING = False
if TYPE_CHECKING:
    Item = Context | File | Group | Service

UNIT = f"/etc/systemd/system/{SERVICE}"
# Where a machine's own administrator puts completion; packages have /usr/share.
_COMPLETION = (
    ("bash", "bash", "/usr/local/share/bash-completion/completions/boxship"),
    ("zsh", "zsh", "/usr/local/share/zsh/site-functions/_boxship"),
    ("fish", "fish", "/usr/local/share/fish/vendor_completions.d/boxship.fish"),
)
DOCKER_SOCKET = "/run/docker.sock"


def choose(group: str, *, docker_socket: bool, made: set[tuple[str, str]]) -> tuple[list["Item"], list[str]]:
    """The items in the order in which they are made, and a line for each thing left out. made: (kind, value) of an
    earlier setup. CliError when another engine has Docker's socket.
    """
    items: list[Item] = [Group(group)]
    left: list[str] = []
    if docker_socket:
        _refuse_another_engine(known=("file", UNIT) in made and _listens_there())
    if os.path.isdir("/run/systemd/system"):
        text = service(program(), group, docker_socket=docker_socket)
        items += [File(UNIT, text, mine=("file", UNIT) in made), Service(SERVICE)]
    else:
        why = "systemd does not run this machine; start the daemon as you start others:  boxship daemon"
        left.append(f"{SERVICE}: {why} --group {group}")
        if docker_socket:
            left.append(f"{DOCKER_SOCKET}: say it to the daemon:  --host unix://{DOCKER_SOCKET}")
    for shell, command, path in _COMPLETION:
        if shutil.which(command):
            items.append(File(path, script(shell, "boxship"), mine=("file", path) in made))
        else:
            left.append(f"{path}: there is no {command} here")
    person = os.environ.get("SUDO_USER") or "root"
    if shutil.which("docker"):
        items.append(Context(person))
    else:
        left.append(f"docker context boxship of {person}: there is no docker command here")
    return items, left


def program() -> list[str]:
    """How systemd starts this very installation."""
    path = os.path.abspath(sys.argv[0]) if os.sep in sys.argv[0] else shutil.which(sys.argv[0]) or ""
    if os.path.basename(path) in ("boxship", "docker") and os.access(path, os.X_OK):
        return [path]
    return [sys.executable, "-m", "boxship"]


def _listens_there() -> bool:
    """Whether the service of an earlier setup has Docker's socket already."""
    try:
        with open(UNIT, encoding="utf-8") as file:
            return DOCKER_SOCKET in file.read()
    except FileNotFoundError:
        return False


def _refuse_another_engine(*, known: bool) -> None:
    import socket
    import subprocess

    if shutil.which("systemctl"):
        for unit in ("docker.socket", "docker.service"):
            said = subprocess.run(["systemctl", "is-active", unit], capture_output=True, text=True, check=False)
            if said.stdout.strip() in ("active", "activating", "reloading"):
                raise CliError(
                    f"{DOCKER_SOCKET} belongs to {unit}, which is running\n"
                    "  to leave it to Docker:   boxship setup, and  docker --context boxship …\n"
                    "  to end Docker first:     systemctl disable --now docker.socket docker.service"
                )
    if known or not os.path.exists(DOCKER_SOCKET):
        return
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(DOCKER_SOCKET)
        except OSError:
            # A name that a crash has left: nobody is there.
            return
    raise CliError(
        f"another engine listens at {DOCKER_SOCKET}\n"
        f"  who it is:               ss -lxp src {DOCKER_SOCKET}\n"
        "  to leave it alone:       boxship setup, and  docker --context boxship …"
    )
