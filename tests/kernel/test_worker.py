"""Workers of the zygote: confined to one folder, whatever the job does there."""

import asyncio
import io
import os
import signal
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from boxship.runtime.launch import Launcher, WorkFailed


def archive(*entries: tuple[str, str, bytes]) -> bytes:
    """(type letter, name, content or link target) as an uncompressed tar."""
    out = io.BytesIO()
    kinds = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "s": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}
    with tarfile.open(fileobj=out, mode="w") as tar:
        for kind, name, content in entries:
            info = tarfile.TarInfo(name)
            info.type = kinds[kind]
            info.mode = 0o755
            if kind == "f":
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content.decode()
                tar.addfile(info)
    return out.getvalue()


@pytest.fixture
def roots() -> Iterator[tuple[Path, Path]]:
    with (
        tempfile.TemporaryDirectory(prefix="bx-", dir="/run") as run,
        tempfile.TemporaryDirectory(prefix="boxship-worker-", dir="/var/tmp") as data,
    ):
        yield Path(run), Path(data)


def work(run_root: Path, folder: Path, tar: bytes, job: str = "unpack") -> Any:
    async def go() -> Any:
        launcher = Launcher(run_root)
        await launcher.connect()
        try:
            root = os.open(folder, os.O_PATH | os.O_DIRECTORY)
            source = os.memfd_create("tar")
            os.write(source, tar)
            os.lseek(source, 0, os.SEEK_SET)
            try:
                return await asyncio.to_thread(launcher.work_from_thread, job, {}, [root, source])
            finally:
                os.close(root)
                os.close(source)
        finally:
            os.kill(launcher.zygote_pid, signal.SIGKILL)
            await launcher.close()

    return asyncio.run(asyncio.wait_for(go(), 30))


def test_a_layer_is_unpacked(roots: tuple[Path, Path]) -> None:
    run_root, folder = roots
    assert work(run_root, folder, archive(("d", "etc", b""), ("f", "etc/motd", b"hello"))) == 5
    assert (folder / "etc/motd").read_bytes() == b"hello"


@pytest.mark.parametrize(
    "tar",
    [
        archive(("s", "out", b"/var/tmp"), ("f", "out/escaped", b"x")),
        archive(("f", "../escaped", b"x")),
        archive(("h", "leak", b"/etc/hostname")),
    ],
    ids=["link", "dotdot", "hardlink"],
)
def test_nothing_gets_out(roots: tuple[Path, Path], tar: bytes) -> None:
    run_root, folder = roots
    try:
        work(run_root, folder, tar)
    except WorkFailed as failed:
        assert failed.kind == "ArchiveError"
    assert not (folder.parent / "escaped").exists()
    assert not Path("/var/tmp/escaped").exists()
    assert not (folder / "leak").exists()


def test_a_damaged_archive_is_told(roots: tuple[Path, Path]) -> None:
    run_root, folder = roots
    with pytest.raises(WorkFailed) as caught:
        work(run_root, folder, archive(("f", "file", b"x" * 5000))[:1000])
    assert caught.value.kind == "ArchiveError"


def test_an_unknown_job_is_told(roots: tuple[Path, Path]) -> None:
    run_root, folder = roots
    with pytest.raises(WorkFailed) as caught:
        work(run_root, folder, b"", job="nosuch")
    assert caught.value.kind == "KeyError"
