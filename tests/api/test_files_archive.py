"""The archive endpoints: files out of containers and into them, whatever state they are in."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.api import Answer, Api
from tests.support.cli import Cli
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

STATES = ("created", "running", "stopped")
Make = Callable[..., str]


@pytest.fixture(params=STATES)
def state(request: pytest.FixtureRequest) -> str:
    """Which state the container is in."""
    return str(request.param)


@pytest.fixture
def make(docker: Cli, name: str) -> Make:
    """Makes a container in a state, after a command has run in it where one can: `make(state, "touch /x", "-v…")`."""

    def container(state: str, prepare: str = "true", *options: str) -> str:
        docker("create", "--name", name, *options, "bx/base:1", "sleep", "1000").succeeded()
        if state != "created":
            docker("start", name).succeeded()
            docker("exec", name, "sh", "-c", prepare).succeeded()
        if state == "stopped":
            docker("stop", "-t", "0", name).succeeded()
        return name

    return container


def archive(api: Api, ref: str, path: str | bytes) -> Answer:
    """GET the archive of a path."""
    return api.request("GET", f"/v1.51/containers/{ref}/archive?path={quote(path, safe='/')}")


def put(api: Api, ref: str, path: str, data: bytes, query: str = "") -> Answer:
    """PUT an archive into a folder."""
    return api.request("PUT", f"/v1.51/containers/{ref}/archive?path={quote(path)}{query}", data)


def members(answer: Answer) -> dict[str, tarfile.TarInfo]:
    """The members of an archive that was got."""
    assert answer.status == 200, answer.value
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as opened:
        return {member.name: member for member in opened}


def content(answer: Answer, name: str) -> bytes:
    """A member's data."""
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as opened:
        found = opened.extractfile(name)
        assert found is not None
        return found.read()


def stat(answer: Answer) -> dict[str, object]:
    """The header that says what a path is."""
    found: dict[str, object] = json.loads(base64.b64decode(answer.headers["x-docker-container-path-stat"]))
    return found


def test_in_and_out(api: Api, make: Make, state: str) -> None:
    """What is put in comes out with its owner, mode, time and bytes; a link is a link."""
    ref = make(state)
    data = os.urandom(300_000)
    sent = tar(
        folder("d", 0o750, owner=(7, 8)),
        file("d/f", data, mode=0o4751, owner=(1000, 70000), mtime=1_000_000_000),
        symlink("d/s", "/etc/passwd"),
        Member("d/h", tarfile.LNKTYPE, link="d/f", mode=0o4751, owner=(1000, 70000), mtime=1_000_000_000),
    )
    assert put(api, ref, "/tmp", sent).status == 200
    got = archive(api, ref, "/tmp/d")
    found = members(got)
    assert set(found) == {"d", "d/f", "d/s", "d/h"}
    assert (found["d"].mode & 0o7777, found["d"].uid, found["d"].gid) == (0o750, 7, 8)
    first = found["d/f"]
    assert (first.mode & 0o7777, first.uid, first.gid, first.mtime) == (0o4751, 1000, 70000, 1_000_000_000)
    assert content(got, "d/f") == data
    assert found["d/s"].linkname == "/etc/passwd"
    assert {found["d/h"].islnk(), first.islnk()} == {True, False}
    assert stat(api.request("HEAD", f"/containers/{ref}/archive?path=/tmp/d/s"))["linkTarget"] == "/etc/passwd"


def test_what_was_put_in_is_there(docker: Cli, api: Api, make: Make, state: str) -> None:
    """The container itself sees it, now or when it starts."""
    ref = make(state)
    assert put(api, ref, "/tmp", tar(file("f", b"hello"))).status == 200
    docker("start", ref).succeeded()
    assert docker("exec", ref, "cat", "/tmp/f").succeeded().text == "hello"


def test_links_stay_inside(api: Api, make: Make, state: str, tmp_path: Path) -> None:
    """Links in every position are resolved in the container's root, never in the host's (CVE-2018-15664)."""
    ref = make(state, f"ln -sfn / /tmp/root; ln -sfn {tmp_path} /tmp/out; ln -sfn ../../../../../..{tmp_path} /tmp/up")
    if state == "created":
        links = (symlink("root", "/"), symlink("out", str(tmp_path)), symlink("up", f"/../../..{tmp_path}"))
        assert put(api, ref, "/tmp", tar(*links)).status == 200
    (tmp_path / "secret").write_text("of the host")
    for link in ("out", "up"):
        for path in (f"/tmp/{link}/secret", f"/tmp/{link}/", f"/tmp/root{tmp_path}/secret"):
            assert archive(api, ref, path).status == 404, path
        assert members(archive(api, ref, f"/tmp/{link}"))[link].issym()
        assert put(api, ref, f"/tmp/{link}", tar(file("escaped", b"x"))).status == 404
    for link in ("out", "up"):
        # The folder of a link that leads nowhere may be made, in the container.
        assert put(api, ref, "/tmp", tar(file(f"{link}/escaped", b"x"))).status in (200, 500)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret"]
    assert archive(api, ref, "/tmp/root/etc/passwd").body != Path("/etc/passwd").read_bytes()


@pytest.mark.parametrize(
    "hostile",
    [
        (file("../escaped", b"x"),),
        (file("a/../../escaped", b"x"),),
        (symlink("l", "/"), file("l/../../../escaped", b"x")),
        (hardlink("h", "../../etc/hostname"),),
        (hardlink("h", "/nowhere/file"),),
        (symlink("l", "../../../../var/tmp"), file("l/escaped", b"x")),
    ],
    ids=["dotdot", "inner", "through", "hardlink", "missing", "link"],
)
def test_hostile_archives(api: Api, make: Make, hostile: tuple[object, ...]) -> None:
    """A clear error, and nothing outside of the folder."""
    ref = make("created")
    answer = put(api, ref, "/tmp", tar(*hostile))  # type: ignore[arg-type]
    assert answer.status in (200, 404, 500), answer.value
    assert archive(api, ref, "/escaped").status == 404
    for outside in ("/escaped", "/var/tmp/escaped", "/tmp/escaped"):
        assert not os.path.exists(outside)


def test_binds_are_seen(api: Api, make: Make, state: str, tmp_path: Path) -> None:
    """What is bound into a container is read and written there; read-only ones are refused."""
    (tmp_path / "rw").mkdir()
    (tmp_path / "ro").mkdir()
    (tmp_path / "ro/f").write_text("bound")
    ref = make(state, "true", "-v", f"{tmp_path}/rw:/mnt/rw", "-v", f"{tmp_path}/ro:/mnt/ro:ro", "--read-only")
    assert content(archive(api, ref, "/mnt/ro/f"), "f") == b"bound"
    assert put(api, ref, "/mnt/rw", tar(file("g", b"in"))).status == 200
    assert (tmp_path / "rw/g").read_bytes() == b"in"
    refused = put(api, ref, "/mnt/ro", tar(file("g", b"in")))
    assert (refused.status, refused.json) == (400, {"message": "mounted volume is marked read-only"})
    refused = put(api, ref, "/tmp", tar(file("g", b"in")))
    assert (refused.status, refused.json) == (400, {"message": "container rootfs is marked read-only"})


def test_a_tmpfs_of_a_running_container(docker: Cli, api: Api, make: Make) -> None:
    """It is a part of what the container sees."""
    ref = make("running", "echo in > /scratch/f", "--tmpfs", "/scratch")
    assert content(archive(api, ref, "/scratch/f"), "f") == b"in\n"
    assert put(api, ref, "/scratch", tar(file("g", b"too"))).status == 200
    assert docker("exec", ref, "cat", "/scratch/g").succeeded().text == "too"


def test_no_kernel_files(api: Api, make: Make) -> None:
    """/proc, /sys and /dev of a running container are no part of a copy."""
    ref = make("running")
    for path in ("/proc", "/sys"):
        assert set(members(archive(api, ref, path))) == {path[1:]}
    assert archive(api, ref, "/proc/1/root/etc").status == 404
    assert not [member for member in members(archive(api, ref, "/dev")).values() if member.isdev()]


def test_names_that_are_no_text(api: Api, make: Make, state: str) -> None:
    """Bytes that are no UTF-8, newlines, and names of 255 bytes, below a path of more than a page."""
    ref = make(state)
    long = "l" * 255
    names = ["line\nbreak", "ü", long, b"\xff\xfe".decode("utf-8", "surrogateescape")]
    deep = "/".join([long] * 17)
    for name in names:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as opened:
            info = tarfile.TarInfo(f"n/{name}")
            info.size = 3
            opened.addfile(info, io.BytesIO(b"abc"))
        assert put(api, ref, "/tmp", out.getvalue()).status == 200
        got = archive(api, ref, b"/tmp/n/" + os.fsencode(name))
        assert content(got, name) == b"abc"
    assert put(api, ref, "/tmp", tar(file(f"n/{deep}/f", b"abc"))).status in (200, 500)
    assert {f"n/{name}" for name in names} <= set(members(archive(api, ref, "/tmp/n")))


def test_big_files_are_whole(docker: Cli, api: Api, make: Make) -> None:
    """A file of 100 MB and one that is nearly all hole, both ways."""
    ref = make("running", "dd if=/dev/zero of=/tmp/hole bs=1 count=1 seek=50M 2>/dev/null")
    data = os.urandom(1 << 20) * 100
    assert put(api, ref, "/tmp", tar(file("big", data))).status == 200
    assert docker("exec", ref, "sha256sum", "/tmp/big").succeeded().text.split()[0] == hashlib.sha256(data).hexdigest()
    assert content(archive(api, ref, "/tmp/big"), "big") == data
    hole = content(archive(api, ref, "/tmp/hole"), "hole")
    assert len(hole) == (50 << 20) + 1 and not hole.strip(b"\0")


@pytest.mark.parametrize("compressor", ["gzip", "bzip2", "xz"])
def test_compressed_archives(api: Api, make: Make, compressor: str) -> None:
    """They are known by their first bytes."""
    ref = make("created")
    data = subprocess.run([compressor, "-c"], input=tar(file("f", b"hello")), capture_output=True, check=True).stdout
    assert put(api, ref, "/tmp", data).status == 200
    assert content(archive(api, ref, "/tmp/f"), "f") == b"hello"


def test_reading_changes_nothing(docker: Cli, api: Api, make: Make, tmp_path: Path) -> None:
    """Also where the place of a mount is missing."""
    ref = make("created", "true", "-v", f"{tmp_path}:/no/such/folder")
    assert archive(api, ref, "/").status == 200
    assert set(members(archive(api, ref, "/no"))) == {"no", "no/such", "no/such/folder"}
    inspected = json.loads(docker("inspect", ref).succeeded().out)[0]
    upper = (inspected["GraphDriver"]["Data"] or {}).get("UpperDir")
    if upper and os.path.isdir(upper):
        assert "no" not in os.listdir(upper)


def test_attributes(api: Api, make: Make, state: str) -> None:
    """What users set, and the capabilities of programs, go in and out; overlayfs' own marks do not."""
    ref = make(state)
    capability = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    given = {"user.note": "kept", "security.capability": capability, "trusted.overlay.opaque": "y"}
    sent = tar(file("f", b"x", xattrs=given), folder("d", xattrs={"trusted.overlay.opaque": "y", "user.on": "folder"}))
    assert put(api, ref, "/tmp", sent).status == 200
    found = members(archive(api, ref, "/tmp/f"))["f"].pax_headers
    assert found["SCHILY.xattr.user.note"] == "kept"
    assert found["SCHILY.xattr.security.capability"] == capability
    assert not [name for name in found if "overlay" in name]
    assert members(archive(api, ref, "/tmp/d"))["d"].pax_headers == {"SCHILY.xattr.user.on": "folder"}


def test_all_kinds_of_files(api: Api, make: Make) -> None:
    """Devices and pipes are copied as what they are, and nobody waits for a pipe."""
    ref = make("running", "mkdir -p /tmp/k; mkfifo /tmp/k/p; mknod /tmp/k/null c 1 3")
    found = members(archive(api, ref, "/tmp/k"))
    assert {name: member.type for name, member in found.items() if name != "k"} == {
        "k/p": tarfile.FIFOTYPE,
        "k/null": tarfile.CHRTYPE,
    }
    assert (found["k/null"].devmajor, found["k/null"].devminor) == (1, 3)
    assert members(archive(api, ref, "/tmp/k/p"))["p"].isfifo()


def test_export_has_no_mounts(docker: Cli, make: Make, state: str, tmp_path: Path) -> None:
    """It is the root alone, whatever is mounted and whether it runs."""
    (tmp_path / "bound").write_text("of the host")
    ref = make(state, "echo x >/tmp/own", "-v", f"{tmp_path}:/mnt/v", "--tmpfs", "/scratch")
    said = docker("export", ref).succeeded()
    with tarfile.open(fileobj=io.BytesIO(said.out)) as opened:
        names = opened.getnames()
    assert "bin/busybox" in names and not [name for name in names if name.startswith(("mnt/v/", "proc/", "scratch/"))]
    assert ("tmp/own" in names) == (state != "created")


def test_an_archive_that_never_ends(api: Api, make: Make) -> None:
    """A gigabyte of zeros is one of gzip's kilobytes: it is extracted in bounded memory, or refused."""
    import gzip

    ref = make("created")
    bomb = gzip.compress(tar(file("zeros", b"\0" * (256 << 20))), 1)
    assert put(api, ref, "/tmp", bomb).status == 200
    assert stat(api.request("HEAD", f"/containers/{ref}/archive?path=/tmp/zeros"))["size"] == 256 << 20
