"""Random layers for hypothesis: few names, so that entries meet; hostile ones among them."""

from __future__ import annotations

import tarfile

from hypothesis import strategies as st

from tests.support.tars import Member

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
"""One image's layers, the lowest first, as the members of their archives."""
