"""What a sweep of a data root finds, and whose it is."""

from __future__ import annotations

import os
from pathlib import Path

from boxship.engine.system.disk_sweep import Owners, sweep

MINE, OTHER = "a" * 64, "b" * 64


def put(path: Path, size: int = 5000) -> Path:
    """A file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def on_disk(*paths: Path) -> int:
    """Bytes in blocks."""
    return sum(os.lstat(path).st_blocks * 512 for path in paths)


def test_all_that_is_there_has_an_owner_or_is_named(tmp_path: Path) -> None:
    owned = [
        put(tmp_path / f"layers/{MINE}/layer.tar"),
        put(tmp_path / f"indexes/{MINE}/index"),
        put(tmp_path / f"blobs/sha256/{MINE}"),
        put(tmp_path / f"containers/{MINE}/hosts"),
        put(tmp_path / f"snapshots/{MINE}/upper/f"),
        put(tmp_path / "state.db"),
        put(tmp_path / "layers/empty/x"),
    ]
    nobody = [
        put(tmp_path / f"layers/{OTHER}/layer.tar"),
        put(tmp_path / "layers/.gone.1/layer.tar"),
        put(tmp_path / f"indexes/{OTHER}/index"),
        put(tmp_path / f"blobs/sha256/{OTHER}"),
        put(tmp_path / f"containers/{OTHER}/hosts"),
        put(tmp_path / f"snapshots/{OTHER}/upper/f"),
    ]
    found = sweep(str(tmp_path), Owners({MINE}, {MINE}, {MINE}, {MINE}))
    tops = {str(tmp_path / name) for name in ("layers", "indexes", "containers", "snapshots")}
    assert {entry["Path"] for entry in found["UnownedPaths"]} == {
        str(
            next(
                parent
                for parent in (path, *path.parents)
                if str(parent.parent) in tops or "sha256" in parent.parent.name
            )
        )
        for path in nobody
    }
    assert found["Unowned"] >= on_disk(*nobody)
    assert sum(found["Kinds"].values()) >= on_disk(*owned)
    assert found["Total"] == found["Unowned"] + sum(found["Kinds"].values())


def test_holes_and_links_are_counted_as_they_lie(tmp_path: Path) -> None:
    path = put(tmp_path / f"snapshots/{MINE}/upper/one", 100_000)
    os.link(path, path.with_name("two"))
    with path.with_name("sparse").open("wb") as file:
        file.truncate(1 << 30)
    found = sweep(str(tmp_path), Owners(containers={MINE}))
    assert 100_000 <= found["Total"] < 200_000
    assert found["Unowned"] == 0


def test_an_empty_root(tmp_path: Path) -> None:
    assert sweep(str(tmp_path / "none"), Owners()) == {"Total": 0, "Kinds": {}, "Unowned": 0, "UnownedPaths": []}
