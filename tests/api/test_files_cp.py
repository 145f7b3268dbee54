"""`docker cp` and `boxship cp`: the same rules, the same words, the same trees."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.terminal import Terminal

PREPARE = """mkdir -p /tmp/d/e; echo x >/tmp/d/e/f; ln -s ../../etc/passwd /tmp/l2; ln -s /etc/passwd /tmp/la
ln -s ../nope /tmp/lb; ln -s d /tmp/ld; ln -s /tmp/d/e /tmp/le"""

# Every rule of docker cp: what a slash, `/.`, a link, a missing folder at either end mean.
COPIES = """
{c}:/tmp/l2 out/
{c}:/tmp/la out
{c}:/tmp/d out/new
{c}:/tmp/d/. out/new2
{c}:/tmp/d/e/f out/x/
{c}:/tmp/d/e/f nope/x
{c}:/tmp/d out/la
{c}:/tmp/d /dev/null
{c}:/nope out
nosuch:/x out
a b
{c}:/a {c}:/b
:/x out
{c}: out
-L {c}:/tmp/ld out
-L {c}:/tmp/l2 out
-L {c}:/tmp/lb out
-L {c}:/tmp/ld/ out/slash
-L {c}:/tmp/le/. out/dot
{c}:/tmp/ld/ out
{c}:/tmp/ld/. out/through
{c}:/tmp/d/e/f out/dangling
{c}:/tmp/d out/here/inside
{c}:/tmp/d out/new/e/f
{c}:/tmp/d/e/f/ out
{c}:tmp/d out/relative
{c}:/tmp/../etc/passwd out/passwd
in/f {c}:/tmp/t1
in/f {c}:/nope/x
in {c}:/etc/passwd
in/f {c}:/tmp/newdir/
nope {c}:/tmp
in/f/ {c}:/tmp
in/f/. {c}:/tmp
in {c}:/tmp/d/e/f/x
in {c}:/in
in {c}:/in
in/ {c}:/in2
in/. {c}:/in3/
in/. {c}:/in3
in/f {c}:/tmp/ld
in/f {c}:/tmp/lb
in/lf {c}:/
in/ls {c}:/
in/ls/ {c}:/x1
in/ls/. {c}:/x2
in/ln {c}:/x3
-L in/lf {c}:/y1
-L in/ls {c}:/y2
-L in/ls/ {c}:/
-L in/ln {c}:/y3
in/f {c}:/bin
in/f {c}:/bin/busybox/x
in/f {c}:/in3/s
in/s {c}:/in3/f
-q in/f {c}:/q
in/f {c}:relative
./in/f {c}:/in/../up
""".strip().splitlines()


def tree(folder: Path) -> list[tuple[str, str, str]]:
    """What a folder holds: names, kinds and modes, contents."""
    found = []
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        kind = f"{stat.S_IFMT(mode):o}" if path.is_symlink() else f"{mode:o}"
        content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found.append((str(path.relative_to(folder)), kind, content))
    return found


def files(docker: Cli, container: str) -> list[tuple[str, int, int, int, str]]:
    """What a container holds, without what its image brings."""
    exported = docker("export", container).succeeded().out
    with tarfile.open(fileobj=BytesIO(exported)) as opened:
        return sorted((m.name, m.mode, m.uid, m.gid, m.linkname) for m in opened if not m.name.startswith("bin/"))


def place(folder: Path) -> None:
    """The files of this side."""
    for name in ("in/s", "out"):
        (folder / name).mkdir(parents=True)
    (folder / "in/f").write_text("l")
    (folder / "in/s/g").write_text("g")
    for name, target in {
        "in/lf": "f",
        "in/ls": "s",
        "in/ln": "nowhere",
        "out/dangling": "made",
        "out/here": ".",
    }.items():
        (folder / name).symlink_to(target)


def test_every_rule(docker: Cli, boxship: Cli, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The docker CLI and ours, each with a container of its own, after every command the same."""
    said = {}
    for cli, who in ((docker, "a"), (boxship, "b")):
        container, folder = f"{name}{who}", tmp_path / who
        docker("run", "--name", container, "bx/base:1", "sh", "-c", PREPARE).succeeded()
        folder.mkdir()
        place(folder)
        monkeypatch.chdir(folder)
        for line in COPIES:
            done = cli("cp", *line.format(c=container).split())
            words = [word for word in done.error.splitlines() if not word.startswith("time=")]
            text = "\n".join(words).replace(container, "NAME").replace(str(folder), "FOLDER")
            said[who, line] = (done.code, done.out, text)
        assert not list(folder.glob("**/escaped"))
    for line in COPIES:
        assert said["b", line] == said["a", line], line
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert files(docker, f"{name}a") == files(docker, f"{name}b")


@pytest.fixture(params=["docker", "boxship"])
def cli(request: pytest.FixtureRequest) -> Cli:
    """Each of the two."""
    found: Cli = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def up(docker: Cli, name: str) -> str:
    """A running container whose user is not root."""
    docker("run", "-d", "--user", "1234:5678", "--name", name, "bx/base:1", "sleep", "1000").succeeded()
    return name


def test_archives_by_pipe(docker: Cli, cli: Cli, up: str) -> None:
    """`-` is an archive on standard input or output."""
    got = cli("cp", f"{up}:/etc", "-").succeeded().out
    with tarfile.open(fileobj=BytesIO(got)) as opened:
        assert "etc/passwd" in opened.getnames()
    cli("cp", "-", f"{up}:/tmp", stdin=got).succeeded()
    assert docker("exec", up, "ls", "/tmp/etc").succeeded().text
    refused = cli("cp", "-", f"{up}:/etc/passwd", stdin=got)
    assert (refused.code, refused.error) == (1, f'destination "{up}:/etc/passwd" must be a directory')


def test_owners(docker: Cli, cli: Cli, up: str, tmp_path: Path) -> None:
    """Copied in, a file keeps its owner or, with -a, goes to the container's user; what comes out is the person's."""
    file = tmp_path / "f"
    file.write_text("x")
    os.chown(file, 77, 88)
    cli("cp", str(file), f"{up}:/plain").succeeded()
    cli("cp", "-a", str(file), f"{up}:/given").succeeded()
    said = docker("exec", up, "stat", "-c", "%u:%g", "/plain", "/given").succeeded().lines
    assert said == ["77:88", "1234:5678"]
    cli("cp", f"{up}:/plain", str(tmp_path / "back")).succeeded()
    assert (tmp_path / "back").stat().st_uid == os.getuid()


def test_a_link_of_the_container_never_reads_the_host(cli: Cli, docker: Cli, up: str, tmp_path: Path) -> None:
    """An absolute link comes out as a link; followed, it leads to the container's file (case 19)."""
    docker("exec", "--user", "0", up, "ln", "-s", "/etc/hostname", "/tmp/l").succeeded()
    cli("cp", f"{up}:/tmp/l", str(tmp_path)).succeeded()
    assert os.readlink(tmp_path / "l") == "/etc/hostname"
    cli("cp", "-L", f"{up}:/tmp/l", str(tmp_path / "followed")).succeeded()
    assert (tmp_path / "followed").read_text().strip() == docker("exec", up, "hostname").succeeded().text


def test_in_a_terminal(cli: Cli, up: str, tmp_path: Path, terminals: Callable[[Terminal], Terminal]) -> None:
    """It says what was copied, and how much; -q says nothing."""
    (tmp_path / "f").write_text("x")
    term = terminals(cli.terminal("cp", str(tmp_path / "f"), f"{up}:/tmp/f"))
    term.expect(f"Successfully copied 2.05kB to {up}:/tmp/f")
    assert term.wait() == 0


def test_export_to_a_file(cli: Cli, up: str, tmp_path: Path) -> None:
    """The file is whole or not there."""
    cli("export", "-o", str(tmp_path / "x.tar"), up).succeeded()
    with tarfile.open(tmp_path / "x.tar") as opened:
        assert "etc/passwd" in opened.getnames()
    refused = cli("export", "-o", str(tmp_path / "y.tar"), "nosuch")
    assert (refused.code, refused.error) == (1, "Error response from daemon: No such container: nosuch")
    assert os.listdir(tmp_path) == ["x.tar"]


def test_diff(docker: Cli, cli: Cli, name: str, tmp_path: Path) -> None:
    """Added, changed and deleted, with the folders above; a folder made anew tells what it lost."""
    change = "echo >>/etc/passwd; rm /bin/cat; mkdir -p /a/b; : >/a/b/c; chmod 700 /tmp; touch /var"
    docker("run", "--name", name, "-v", f"{tmp_path}:/mnt/v", "bx/base:1", "sh", "-c", change).succeeded()
    got = set(cli("diff", name).succeeded().lines)
    assert got >= {
        "C /etc",
        "C /etc/passwd",
        "C /bin",
        "D /bin/cat",
        "A /a",
        "A /a/b",
        "A /a/b/c",
        "C /tmp",
        "A /mnt/v",
    }
    assert not {line for line in got if line.split()[1] in ("/etc/hosts", "/dev", "/proc", "/.dockerenv")}
