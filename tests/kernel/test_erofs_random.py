"""Random layers, hostile ones among them: the index shows what unpacking gives, and refuses what unpacking refuses."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, event, given, settings

from boxship.archive.entry import ArchiveError
from boxship.archive.erofs.node import counted_size
from boxship.archive.erofs.scan import LayerScanner
from boxship.archive.reader import TarReader
from boxship.archive.unpack import unpack
from boxship.storage.removal import delete
from tests.kernel.test_erofs import pytestmark  # noqa: F401
from tests.support.random_layers import layers
from tests.support.tars import Member, tar
from tests.support.trees import File, describe, differences, indexed, unpacked


def outcome(form: object, given: list[bytes]) -> dict[bytes, File] | None:
    """The tree of these layers, None when they are refused."""
    work = tempfile.mkdtemp(prefix="boxship-erofs-", dir="/var/tmp")
    try:
        with ExitStack() as stack:
            root = stack.enter_context(form(work, *given))  # type: ignore[operator]
            return describe(root, folder_times=False, links=form is indexed)
    except ArchiveError:
        return None
    finally:
        delete(work)


@settings(
    max_examples=int(os.environ.get("BOXSHIP_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(layers)
def test_the_same_tree_as_the_unpackers(given: list[list[Member]]) -> None:
    archives = [tar(*layer) for layer in given]
    one, other = outcome(indexed, archives), outcome(unpacked, archives)
    event("refused" if one is None else f"{min(len(one), 6)} names")
    if one is None or other is None:
        assert one is other
    else:
        assert not differences(one, other)


@settings(max_examples=int(os.environ.get("BOXSHIP_EXAMPLES", "60")))
@given(layers)
def test_the_size_is_what_the_unpacker_counts(given: list[list[Member]]) -> None:
    archive = tar(*given[0])
    work = tempfile.mkdtemp(prefix="boxship-erofs-", dir="/var/tmp")
    fd = os.open(work, os.O_RDONLY)
    scanner = LayerScanner()
    try:
        size = unpack(TarReader(io.BytesIO(archive).read), fd)
    except ArchiveError:
        with pytest.raises(ArchiveError):
            scanner.feed(archive)
        return
    finally:
        os.close(fd)
        delete(work)
    scanner.feed(archive)
    assert counted_size(scanner.root) == size
