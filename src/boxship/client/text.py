"""Percent-encoding of request targets (RFC 3986), without `urllib.parse`, which imports re."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quote(text: str, keep: bytes = b"") -> str:
    """`text` with everything but unreserved characters, and those of `keep`, percent-encoded."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join([chr(byte) if byte in _PLAIN or byte in keep else f"%{byte:02X}" for byte in data])


def query(pairs: "Iterable[tuple[str, str]]") -> str:
    """`?a=1&b=2`, or nothing for no pairs."""
    joined = "&".join([f"{quote(name)}={quote(value)}" for name, value in pairs])
    return f"?{joined}" if joined else ""
