"""Compressed streams, known by their first bytes: gzip, bzip2, xz, zstd."""

from __future__ import annotations

from boxship.archive.entry import ArchiveError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

_CHUNK = 1 << 18
_MOST = 1 << 20
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_LONGEST_MAGIC = 6


def detect(start: bytes) -> str:
    """The compression that a stream with these first bytes has; "" for none."""
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    # A skippable frame of zstd (RFC 8878, 3.1.2) starts with one of 16 numbers.
    if len(start) >= 4 and start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50:
        return "zstd"
    return ""


def load_codec(compression: str) -> None:
    """Import what a compression needs, for code that soon can import nothing any more. ArchiveError without it."""
    if compression:
        _codec(compression)()


class Inflated:
    """A stream as it was before it was compressed; uncompressed streams pass through.

    `read` gives up to n bytes, b"" at the end. ArchiveError when the data is damaged or ends early.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """`read(n)` gives up to n bytes of the compressed stream, b"" only at its end."""
        self._source = read
        start = b""
        while len(start) < _LONGEST_MAGIC and (more := read(_CHUNK)):
            start += more
        self.compression = detect(start)
        self._pending = start
        self._ready = b""
        self._position = 0
        self._new = _codec(self.compression) if self.compression else None
        self._codec = self._new() if self._new else None

    def read(self, limit: int) -> bytes:
        """Up to `limit` bytes of uncompressed data."""
        if self._position >= len(self._ready):
            self._ready, self._position = self._more(), 0
        data = self._ready[self._position : self._position + limit]
        self._position += len(data)
        return data

    def _more(self) -> bytes:
        if self._codec is None:
            data, self._pending = self._pending, b""
            return data or self._source(_CHUNK)
        while True:
            if self._codec.eof and not self._next_member():
                return b""
            fresh = b""
            if self._codec.needs_input:
                fresh = self._pending or self._source(_CHUNK)
                self._pending = b""
            try:
                data = self._codec.decompress(fresh, _MOST)
            except Exception as error:  # each library has an error class of its own
                raise ArchiveError(f"the {self.compression} stream is damaged: {error}") from error
            if data:
                return data
            if not fresh and self._codec.needs_input and not self._codec.eof:
                raise ArchiveError(f"unexpected EOF: the {self.compression} stream is cut short")

    def _next_member(self) -> bool:
        # A stream may consist of several, one behind the other; zeros may pad it to a whole block.
        assert self._codec is not None and self._new is not None
        self._pending = (self._codec.unused_data + self._pending).lstrip(b"\0")
        while not self._pending:
            data = self._source(_CHUNK)
            if not data:
                return False
            self._pending = data.lstrip(b"\0")
        self._codec = self._new()
        return True


if TYPE_CHECKING:

    class Codec(Protocol):
        """What bz2.BZ2Decompressor and lzma.LZMADecompressor have; the other two are given the same face.

        `decompress` gives at most about `_MOST` bytes a call, so that no bomb fills the memory.
        """

        @property
        def eof(self) -> bool: ...
        @property
        def needs_input(self) -> bool: ...
        @property
        def unused_data(self) -> bytes: ...
        def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _codec(compression: str) -> Callable[[], Codec]:
    if compression == "gzip":
        return _gzip()
    if compression == "bzip2":
        import bz2

        return bz2.BZ2Decompressor
    if compression == "xz":
        import lzma

        return lzma.LZMADecompressor
    return _Zstd


def _gzip() -> Callable[[], Codec]:
    """isal inflates 2.2 times as fast as zlib; it has no wheel for every machine that Python runs on."""
    try:
        from isal import igzip_lib
    except ImportError:
        return _Gzip
    return lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


class _Gzip:
    def __init__(self) -> None:
        import zlib

        self._object = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        tail = self._object.unconsumed_tail
        return self._object.decompress(tail + data if tail else data, max_length)


class _Zstd:
    # One call decompresses all it is given, and 4 bytes may stand for 128 KiB (RFC 8878, RLE block): so, bites.
    _BITE = 2048

    def __init__(self) -> None:
        try:
            import zstandard
        except ImportError as error:
            raise ArchiveError(
                "the stream is compressed with zstd, and the Python package zstandard is not installed"
            ) from error
        # Windows of up to 128 MiB, as `zstd --ultra --long=27` makes them; larger ones are refused.
        self._object = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        self._input = memoryview(b"")

    @property
    def eof(self) -> bool:
        return bool(self._object.eof)

    @property
    def needs_input(self) -> bool:
        return not self._input

    @property
    def unused_data(self) -> bytes:
        return bytes(self._object.unused_data) + bytes(self._input)

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        if data:
            self._input = memoryview(data)
        result = b""
        while self._input and not result and not self._object.eof:
            bite, self._input = self._input[: self._BITE], self._input[self._BITE :]
            result = self._object.decompress(bite)
        return result
