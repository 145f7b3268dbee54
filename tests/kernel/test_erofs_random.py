"""Random layers, hostile ones among them: the index shows what unpacking gives, and refuses what unpacking refuses."""

from __future__ import annotations

import os
import tarfile
import tempfile
from contextlib import ExitStack

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from boxship.archive.entry import ArchiveError
from boxship.storage.removal import delete
from tests.kernel.test_erofs import pytestmark  # noqa: F401
from tests.support.tars import Member, tar
from tests.support.trees import File, describe, differences, indexed, unpacked

NAMES = [*"abcabcabc", "..", ".", "", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh..wh.x", "\udcff", "x" * 255]
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
kinds = st.sampled_from(
    [tarfile.REGTYPE] * 3
    + [tarfile.DIRTYPE] * 2
    + [tarfile.SYMTYPE] * 2
    + [tarfile.LNKTYPE] * 2
    + [tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
targets = st.one_of(paths, paths.map(lambda path: "/" + path), st.just("../../.."))
members = st.builds(
    lambda path, kind, data, link, mode, owner, mtime, device, xattrs: Member(
        path,
        kind,
        data if kind == tarfile.REGTYPE else b"",
        link if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "",
        mode,
        owner,
        mtime,
        device if kind == tarfile.CHRTYPE else (0, 0),
        xattrs if kind in (tarfile.REGTYPE, tarfile.DIRTYPE) else {},
    ),
    paths,
    kinds,
    st.binary(max_size=3).map(lambda data: data * 400),
    targets,
    st.integers(0, 0o7777),
    st.tuples(st.integers(0, 2**32 - 2), st.integers(0, 70_000)),
    st.integers(-(2**30), 2**33).map(float),
    st.sampled_from([(0, 0), (1, 3), (4095, 2**20 - 1)]),
    st.dictionaries(
        st.sampled_from(["user.a", "trusted.b", "trusted.overlay.opaque", "odd"]), st.text(max_size=3), max_size=2
    ),
)
layers = st.lists(st.lists(members, max_size=9), min_size=1, max_size=3)


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
