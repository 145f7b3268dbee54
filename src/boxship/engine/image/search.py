"""docker search: what a registry's index finds (the v1 search that Docker Hub still answers)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from boxship.engine.engine import Engine
from boxship.lib.bridge import bulk
from boxship.lib.errors import InvalidParameter
from boxship.model.reference import DEFAULT_DOMAIN
from boxship.registry.credentials import Credentials

INDEX = "index.docker.io"
"""Where Docker Hub is searched."""
_LARGEST = 4 << 20
_FILTERS = ("is-automated", "is-official", "stars")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be in the result. official: None for any; stars: at least so many."""

    official: bool | None = None
    automated: bool | None = None
    stars: int = 0


def wanted(filters: dict[str, list[str]]) -> Wanted:
    """Read the filters of a search. InvalidParameter in Docker's words."""
    for name in filters:
        if name not in _FILTERS:
            raise InvalidParameter(f"invalid filter '{name}'")
    stars = 0
    for text in filters.get("stars", []):
        if not text.isascii() or not text.removeprefix("-").isdecimal():
            raise InvalidParameter(f"invalid filter 'stars={text}': strconv.Atoi: parsing \"{text}\": invalid syntax")
        stars = max(stars, int(text))
    return Wanted(_truth(filters, "is-official"), _truth(filters, "is-automated"), stars)


def _truth(filters: dict[str, list[str]], name: str) -> bool | None:
    values = filters.get(name)
    if not values:
        return None
    if set(values) not in ({"true"}, {"1"}, {"false"}, {"0"}):
        raise InvalidParameter(f"invalid filter '{name}=[{' '.join(values)}]'")
    return values[0] in ("true", "1")


async def search(
    engine: Engine, term: str, *, limit: int, filters: dict[str, list[str]], credentials: Credentials
) -> list[dict[str, Any]]:
    """The body of `GET /images/search`. limit: 1 to 100, 0 for 25. InvalidParameter, RegistryError."""
    if limit and not 1 <= limit <= 100:
        raise InvalidParameter(f"limit {limit} is outside the range of [1, 100]")
    keep = wanted(filters)
    if "://" in term:
        raise InvalidParameter(f"invalid repository name: repository name ({term}) should not have a scheme")
    found = await bulk(_ask, engine, term, limit or 25, credentials)
    return [entry for entry in found if _is_wanted(entry, keep)]


def _ask(engine: Engine, term: str, limit: int, credentials: Credentials) -> list[dict[str, Any]]:
    from boxship.registry.client import Registry

    host, slash, rest = term.partition("/")
    named = slash and ("." in host or ":" in host or host == "localhost")
    domain, asked = (host, rest) if named else (DEFAULT_DOMAIN, term)
    if domain in (DEFAULT_DOMAIN, INDEX):
        asked = asked.removeprefix("library/")
    with Registry(domain, engine.config.registry, credentials) as registry:
        base = f"https://{INDEX}" if domain in (DEFAULT_DOMAIN, INDEX) else registry.base()
        data = registry.fetch(f"{base}/v1/search?q={quote(asked, safe='')}&n={limit}", _LARGEST)
    return [_entry(item) for item in _results(data)]


def _results(data: bytes) -> list[dict[str, Any]]:
    from boxship.registry.errors import Untrusted

    try:
        results = json.loads(data)["results"] or []
        return [item for item in results if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Untrusted("the registry's answer to the search can't be read") from None


def _entry(item: dict[str, Any]) -> dict[str, Any]:
    stars = item.get("star_count")
    return {
        "star_count": stars if isinstance(stars, int) else 0,
        "is_official": item.get("is_official") is True,
        "name": str(item.get("name") or ""),
        "is_automated": item.get("is_automated") is True,
        "description": str(item.get("description") or ""),
    }


def _is_wanted(entry: dict[str, Any], keep: Wanted) -> bool:
    return (
        entry["star_count"] >= keep.stars
        and keep.official in (None, entry["is_official"])
        and keep.automated in (None, entry["is_automated"])
    )
