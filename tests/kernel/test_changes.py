"""docker diff on real overlays: what is told of every way in which a file can change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BEFORE = """mkdir -p etc/ssl bin data/sub opt; echo a >etc/a; echo b >etc/b; echo x >data/x; echo y >data/sub/y
echo t >bin/tool; ln -s a etc/l; touch -d 2001-01-01T00:00:00.5 etc/old; echo c >opt/c"""
CASES = {
    "nothing": ("cat etc/a; ls data", []),
    "added": ("echo n >etc/new; mkdir -p d/e", ["C /etc", "A /etc/new", "A /d", "A /d/e"]),
    "written": ("echo more >>etc/a", ["C /etc", "C /etc/a"]),
    "same content, new time": ("touch etc/a", ["C /etc", "C /etc/a"]),
    "time put back": ("cp -p etc/old keep; : >>etc/old; touch -r keep etc/old; rm keep", []),
    "mode": ("chmod 600 etc/b; chmod 700 opt", ["C /etc", "C /etc/b", "C /opt"]),
    "owner": ("chown 5:6 etc/b", ["C /etc", "C /etc/b"]),
    "link": ("ln -sfn b etc/l", ["C /etc", "C /etc/l"]),
    "deleted": ("rm etc/a; rm -r data", ["C /etc", "D /etc/a", "D /data"]),
    "folder made anew": ("rm -r data; mkdir data; echo x2 >data/x", ["C /data", "C /data/x", "D /data/sub"]),
    "file for folder": ("rm -r data; echo >data", ["C /data"]),
    "folder for file": ("rm etc/a; mkdir etc/a; echo >etc/a/n", ["C /etc", "C /etc/a", "A /etc/a/n"]),
    "deep": ("echo z >data/sub/z", ["C /data", "C /data/sub", "A /data/sub/z"]),
    "made and removed": ("mkdir g; echo >g/h; rm -r g", []),
    "renamed": ("mv etc/a etc/z", ["C /etc", "D /etc/a", "A /etc/z"]),
}
WORKER = """
import os, sys
from boxship.archive.changes import changes
upper, lower = (os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in sys.argv[1:3])
print("\\n".join("CAD"[kind] + " " + path for path, kind in changes(upper, lower)))
"""


@pytest.mark.parametrize("what", CASES)
def test_changes(what: str, scratch: Path) -> None:
    """Made in a real overlay, read from its layers; a child whose folder is told stands behind it."""
    commands, expected = CASES[what]
    base = scratch / f"changes-{abs(hash(what))}"
    for name in ("lower", "upper", "work", "merged"):
        (base / name).mkdir(parents=True)
    subprocess.run(["sh", "-ec", BEFORE], cwd=base / "lower", check=True)
    options = "lowerdir=$0/lower,upperdir=$0/upper,workdir=$0/work"
    script = f'mount -t overlay overlay -o "{options}" "$0/merged"; cd "$0/merged"; '
    subprocess.run(["unshare", "-m", "sh", "-ec", script + commands, base], check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-c", WORKER, str(base / "upper"), str(base / "lower")]
    got = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    got = [line for line in got if line]
    assert sorted(got) == sorted(expected)
    paths = [line[2:] for line in got]
    for path in paths:
        parent = os.path.dirname(path)
        assert parent not in paths or paths.index(parent) < paths.index(path)
