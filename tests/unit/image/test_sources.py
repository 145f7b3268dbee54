"""What is remembered of the blobs that layers came from."""

from pathlib import Path

from boxship.image.sources import Source, Sources
from boxship.storage.database import Database

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def source(repository: str, letter: str, size: int = 10) -> Source:
    return Source(repository, f"sha256:{letter * 64}", size, GZIP)


def test_what_was_learned_last_comes_first_and_survives(tmp_path: Path) -> None:
    sources = Sources(Database(tmp_path / "state.db"))
    sources.record([(ONE, source("r.example/a", "a")), (TWO, source("r.example/a", "b"))])
    sources.record([(ONE, source("r.example/b", "a"))])
    sources.record([(ONE, source("r.example/a", "a", 11))])
    again = Sources(Database(tmp_path / "state.db"))
    assert again.of(ONE) == [source("r.example/a", "a", 11), source("r.example/b", "a")]
    assert again.of(TWO) == [source("r.example/a", "b")]


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    sources = Sources(Database(tmp_path / "state.db"))
    sources.record([(ONE, source("r.example/a", "a")), (ONE, source("r.example/b", "a")), (TWO, source("x.y/z", "b"))])
    sources.forget_blob("r.example/a", "sha256:" + "a" * 64)
    assert sources.of(ONE) == [source("r.example/b", "a")]
    sources.forget([ONE])
    assert sources.of(ONE) == []
    sources.keep_only({ONE})
    assert sources.of(TWO) == []
