"""CVE-2018-15664 and its kind: `docker cp` while the container moves the folders away.

There, the daemon resolved a path in the container's root, then opened it by name as the host's root: a link put in
between led to the host's files, for reading and for writing. Ours never has the host's files in reach: a worker goes
into a view of the container's root first. The variants that need no race are in tests/api/test_files_archive.py.
"""

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.archives import folder
from tests.support.attacks import Attacks
from tests.support.cli import Cli
from tests.support.tars import Member, file, hardlink, symlink, tar
from tests.support.tars import folder as tar_folder

SECRET = b"top secret of the host"
ROUNDS = 40
WITHIN = 4.0


@pytest.fixture
def outside(scratch: Path) -> Iterator[Path]:
    """A folder of the host that links lead to."""
    place = scratch / f"outside-copy-{time.monotonic_ns()}"
    place.mkdir()
    (place / "file").write_bytes(SECRET)
    yield place
    assert os.listdir(place) == ["file"]
    assert (place / "file").read_bytes() == SECRET


@pytest.fixture
def swapping(docker: Cli, api: Api, attacks: Attacks, name: str, outside: Path) -> str:
    """A container that exchanges /place/real, which has a `file`, for a link to the host's folder all the time."""
    image = attacks.load(api, "bx/escape-swap:1", [folder("attack"), attacks.attack("swap")])
    way = "../" * 20 + str(outside).lstrip("/")
    names = "/place/real /place/link"
    script = f"mkdir -p /place/real; echo mine > /place/real/file; ln -s {way} /place/link; exec /attack/swap {names}"
    docker("run", "-d", "--name", name, image, "sh", "-c", script).succeeded()
    deadline = time.monotonic() + 20
    while "swapping" not in docker("logs", name).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return name


def rounds() -> Iterator[int]:
    """So many tries, within a time."""
    deadline = time.monotonic() + WITHIN
    for number in range(ROUNDS):
        if time.monotonic() > deadline:
            return
        yield number


def test_reading_while_folders_move(docker: Cli, api: Api, swapping: str, tmp_path: Path) -> None:
    seen = set()
    for number in rounds():
        path = ("/place/real/file", "/place/real/", "/place/real/.", "/place/link/file", "/place")[number % 5]
        got = api.request("GET", f"/containers/{swapping}/archive?path={path}")
        seen.add(got.status)
        assert SECRET not in got.body
        assert SECRET not in api.request("HEAD", f"/containers/{swapping}/archive?path={path}").body
    assert 200 in seen
    docker("cp", f"{swapping}:/place/real", str(tmp_path / "copy"))
    for copied in (path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()):
        assert SECRET not in copied.read_bytes()
    assert docker("inspect", "-f", "{{.State.Running}}", swapping).text == "true"


@pytest.mark.parametrize(
    "members",
    [
        (file("file", b"from the archive"), file("new", b"x")),
        (tar_folder("deep/er"), file("deep/er/file", b"x"), symlink("deep/link", "/etc"), hardlink("hard", "file")),
        (Member("null", tarfile.CHRTYPE, device=(1, 3)), file("null", b"x")),
    ],
    ids=["files", "folders and links", "devices"],
)
def test_writing_while_folders_move(api: Api, swapping: str, outside: Path, members: tuple[Member, ...]) -> None:
    seen = set()
    for number in rounds():
        path = ("/place/real", "/place/real/", "/place/link/.")[number % 3]
        got = api.request("PUT", f"/containers/{swapping}/archive?path={path}", tar(*members))
        seen.add(got.status)
        assert os.listdir(outside) == ["file"]
    assert seen & {200, 404}


def test_exporting_while_folders_move(docker: Cli, api: Api, swapping: str) -> None:
    for number in rounds():
        if number > 5:
            break
        got = api.request("GET", f"/containers/{swapping}/export")
        assert got.status == 200 and SECRET not in got.body
        assert api.request("GET", f"/containers/{swapping}/changes").status == 200


def test_a_file_that_becomes_a_device(docker: Cli, api: Api, attacks: Attacks, name: str) -> None:
    """The container may make nodes of devices that it may not open; a worker would open them with the host's rights."""
    image = attacks.load(api, "bx/escape-swap:1", [folder("attack"), attacks.attack("swap")])
    # Zeros without end, if it were read.
    script = "mkdir /w; echo mine > /w/file; mknod /w/node c 1 5; exec /attack/swap /w/file /w/node"
    docker("run", "-d", "--name", name, image, "sh", "-c", script).succeeded()
    for _ in rounds():
        got = api.request("GET", f"/containers/{name}/archive?path=/w", timeout=20)
        if got.status != 200:
            continue
        with tarfile.open(fileobj=io.BytesIO(got.body)) as archive:
            for member in archive:
                assert not member.isreg() or archive.extractfile(member).read() == b"mine\n"  # type: ignore[union-attr]


def test_no_device_opens_in_a_view(tmp_path: Path, scratch: Path) -> None:
    """Whatever a job opens by mistake: the kernel refuses devices on the view's mounts."""
    base = scratch / f"view-{time.monotonic_ns()}"
    for part in ("lower", "upper", "work", "place", "bound"):
        (base / part).mkdir(parents=True)
    (base / "lower/data").mkdir()
    for node in (base / "lower/node", base / "bound/node"):
        os.mknod(node, 0o020666, os.makedev(1, 3))
    asked = (str(base / "bound"), "/data", True, True)
    script = (
        "import os\nfrom boxship.shim import view\n"
        f"overlay = dict(lower=[{str(base / 'lower')!r}], upper={str(base / 'upper')!r}, work={str(base / 'work')!r})\n"
        f"view.enter(dict(use='write', overlay=overlay, place={str(base / 'place')!r}, mounts=[{asked!r}]), [])\n"
        "os.mknod('/made', 0o020666, os.makedev(1, 3))\n"
        "for path in ('/node', '/data/node', '/made'):\n"
        "    try:\n        os.open(path, os.O_RDONLY)\n        print('opened', path)\n"
        "    except PermissionError:\n        print('refused', path)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["refused", "/node", "refused", "/data/node", "refused", "/made"]
