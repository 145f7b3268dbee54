"""Folders of containers are spread over an ext4; elsewhere they are plain folders."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxship.kernel.topdir import make_top_folder


@pytest.fixture
def ext4(scratch: Path) -> Iterator[Path]:
    """A new ext4, mounted."""
    image, mounted = scratch / "ext4.img", scratch / "ext4"
    with image.open("wb") as file:
        file.truncate(256 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "65536", image], check=True)
    mounted.mkdir()
    subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
    yield mounted
    subprocess.run(["umount", mounted], check=True)
    mounted.rmdir()
    image.unlink()


def test_subfolders_lie_apart(ext4: Path) -> None:
    plain, top = ext4 / "plain", ext4 / "top"
    plain.mkdir()
    make_top_folder(str(top), 0o711)
    make_top_folder(str(top), 0o711)
    for index in range(16):
        (plain / str(index)).mkdir()
        (top / str(index)).mkdir()
    attributes = subprocess.run(["lsattr", "-d", top], check=True, capture_output=True, text=True).stdout
    assert "T" in attributes.split()[0]
    assert top.stat().st_mode & 0o777 == 0o711
    assert _span(top) > 2 * _span(plain)


def _span(folder: Path) -> int:
    numbers = [child.stat().st_ino for child in folder.iterdir()]
    return max(numbers) - min(numbers)


def test_a_file_system_without_the_attribute() -> None:
    folder = tempfile.mkdtemp(dir="/dev/shm")
    try:
        make_top_folder(f"{folder}/a/b", 0o700)
        assert os.path.isdir(f"{folder}/a/b")
    finally:
        shutil.rmtree(folder)
