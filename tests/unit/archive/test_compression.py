"""Compressed streams: known by their start, read to their end, refused when damaged."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from boxship.archive.compression import Inflated
from boxship.archive.entry import ArchiveError

FORMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def inflate(data: bytes, piece: int = 1 << 20, limit: int = 1 << 16) -> bytes:
    """All of it, the compressed stream read in pieces."""
    stream = io.BytesIO(data)
    inflated = Inflated(lambda size: stream.read(min(size, piece)))
    return b"".join(iter(lambda: inflated.read(limit), b""))


@given(st.binary(max_size=5000), st.sampled_from(sorted(FORMS)), st.integers(1, 700), st.integers(1, 5000))
def test_all_that_went_in_comes_out(data: bytes, form: str, piece: int, limit: int) -> None:
    assert inflate(FORMS[form](data), piece, limit) == data


@pytest.mark.parametrize("form", sorted(FORMS))
def test_members_behind_one_another_and_padding(form: str) -> None:
    compress = FORMS[form]
    assert inflate(compress(b"one") + compress(b"two") + bytes(700)) == b"onetwo"


@pytest.mark.parametrize("form", sorted(FORMS))
def test_more_than_a_buffer(form: str) -> None:
    data = bytes(range(256)) * 40_000
    assert inflate(FORMS[form](data), piece=999) == data


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_cut_stream_is_refused(form: str) -> None:
    whole = FORMS[form](bytes(range(256)) * 100)
    for cut in (8, len(whole) // 2, len(whole) - 1):
        with pytest.raises(ArchiveError, match=r"unexpected EOF|damaged"):
            inflate(whole[:cut])


@pytest.mark.parametrize("form", sorted(FORMS))
def test_damage_is_refused(form: str) -> None:
    whole = bytearray(FORMS[form](zlib.compress(bytes(range(256)) * 50)))
    whole[len(whole) // 2] ^= 0xFF
    whole[len(whole) // 2 + 1] ^= 0xFF
    if form == "zstd":
        # zstd has no checksum unless asked for (the layer's digest tells); the block header is always checked.
        whole[9] |= 0x06
    with pytest.raises(ArchiveError, match=r"damaged|cut short"):
        inflate(bytes(whole))


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_bomb_comes_out_in_bounded_pieces(form: str) -> None:
    # The zstd library gives out all that an input of 2 KiB holds, 64 MiB at most; the others stop where they are told.
    size, most = (200 << 20, 80 << 20) if form == "zstd" else (20 << 20, 4 << 20)
    bomb = FORMS[form](bytes(size))
    stream = io.BytesIO(bomb)
    inflated = Inflated(stream.read)
    assert max(len(inflated.read(1 << 30)) for _ in range(3)) <= most


@given(st.binary(max_size=2000).filter(lambda data: not data.startswith((b"\x1f\x8b", b"BZh", b"\xfd", b"\x28"))))
def test_what_is_not_compressed_passes(data: bytes) -> None:
    if not (len(data) > 3 and data[1:4] == b"\x2a\x4d\x18"):
        assert inflate(data, 7) == data


def test_a_skippable_zstd_frame_is_passed_over() -> None:
    frame = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    assert inflate(frame + FORMS["zstd"](b"data")) == b"data"


def test_gzip_is_read_without_isal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """isal has wheels for two machines; elsewhere zlib does the same."""
    monkeypatch.setitem(sys.modules, "isal", None)
    data = bytes(range(256)) * 40_000
    whole = gzip.compress(data)
    assert inflate(whole, piece=999) == data
    assert inflate(whole + whole + bytes(99)) == data + data
    with pytest.raises(ArchiveError, match=r"unexpected EOF|damaged"):
        inflate(whole[:-1])
    with pytest.raises(ArchiveError, match="damaged"):
        inflate(whole[:-8] + bytes(8))
