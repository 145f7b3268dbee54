"""Request targets: path and query, decoded as Go's net/url does.

Not `urllib.parse`: it costs the daemon memory, and it keeps quiet about broken escapes where Docker says 400.
"""

from boxship.lib.errors import InvalidParameter

_HEX = frozenset("0123456789abcdefABCDEF")


def unescape(text: str, *, plus: bool = False) -> str:
    """Undo percent-encoding (RFC 3986, section 2.1); bytes that are not UTF-8 become surrogates.

    plus: `+` stands for a space, as in a query. InvalidParameter on a `%` without two hexadecimal digits.
    """
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    head, *rest = text.split("%")
    out = bytearray(head, "utf-8", "surrogateescape")
    for part in rest:
        digits = part[:2]
        if len(digits) != 2 or not _HEX.issuperset(digits):
            raise InvalidParameter(f'invalid URL escape "%{digits}"')
        out.append(int(digits, 16))
        out += part[2:].encode("utf-8", "surrogateescape")
    return out.decode("utf-8", "surrogateescape")


def parse_query(text: str) -> dict[str, list[str]]:
    """The values of each key, in order; a key without `=` has the value "". InvalidParameter."""
    values: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if not pair:
            continue
        if ";" in pair:
            raise InvalidParameter("invalid semicolon separator in query")
        key, _, value = pair.partition("=")
        values.setdefault(unescape(key, plus=True), []).append(unescape(value, plus=True))
    return values


def split_target(target: str) -> tuple[str, str]:
    """The path (still encoded) and the query of a request target (RFC 9112, section 3.2: origin or absolute
    form)."""
    if "://" in target and not target.startswith("/"):
        _, _, rest = target.partition("://")
        slash = rest.find("/")
        target = rest[slash:] if slash >= 0 else "/"
    target, _, _ = target.partition("#")
    path, _, query = target.partition("?")
    return path or "/", query
