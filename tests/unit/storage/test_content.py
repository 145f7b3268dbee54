"""The content store: whole blobs under their digests, nothing else."""

import os
from pathlib import Path

import pytest

from boxship.lib.errors import BoxshipError, InvalidParameter, NotFound
from boxship.model.digest import sha256
from boxship.storage.content import ContentStore


def test_what_was_put_is_there_under_its_digest(tmp_path: Path) -> None:
    store = ContentStore(str(tmp_path / "blobs"))
    digest = store.put(b"data")
    assert digest == sha256(b"data")
    assert digest in store
    assert store.put(b"data") == digest
    assert ContentStore(str(tmp_path / "blobs")).get(digest) == b"data"
    # OCI image layout: blobs/<algorithm>/<hex>
    assert (tmp_path / "blobs/sha256" / digest[7:]).read_bytes() == b"data"


def test_missing_removed_and_damaged(tmp_path: Path) -> None:
    store = ContentStore(str(tmp_path))
    digest = store.put(b"data")
    (tmp_path / "sha256" / digest[7:]).write_bytes(b"atad")
    with pytest.raises(BoxshipError, match="damaged"):
        store.get(digest)
    store.remove(digest)
    store.remove(digest)
    with pytest.raises(NotFound):
        store.get(digest)


def test_a_digest_is_never_a_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter):
        ContentStore(str(tmp_path)).get("sha256:../../../etc/passwd")


def test_sweep_removes_halves_and_what_nobody_names(tmp_path: Path) -> None:
    store = ContentStore(str(tmp_path))
    kept, lost = store.put(b"kept"), store.put(b"lost")
    (tmp_path / "sha256" / f"{kept[7:]}.tmp.1.abcd").write_bytes(b"ke")
    store.sweep({kept})
    assert os.listdir(tmp_path / "sha256") == [kept[7:]]
    assert lost not in store
