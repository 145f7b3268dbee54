"""Every path of the API answers what docs/paths.md says of it."""

import pytest

from tests.support.api import Api
from tools.paths import BUILT, MISSING, NO_SWARM, NONE, Entry, entries

STATUS = {MISSING: 501, NO_SWARM: 503, NONE: 404}
QUERY = {
    "/services/{id}/logs": "?stdout=1",
    "/tasks/{id}/logs": "?stdout=1",
    **dict.fromkeys((f"/{kind}/{{id}}/update" for kind in ("nodes", "services", "secrets", "configs")), "?version=1"),
    "/swarm/update": "?version=1",
    "/events": "?since=1&until=1",
}
ASKS_REGISTRIES = {"/auth", "/images/search", "/distribution/{name}/json"}
# They take away what other tests of this session have made, or read a body that is none.
ELSEWHERE = {"/containers/prune", "/images/load"}


@pytest.mark.parametrize("entry", list(entries()), ids=lambda entry: f"{entry.method} {entry.path}")
@pytest.mark.parametrize("version", ["1.24", "1.51"])
def test_answers_as_the_page_says(entry: Entry, version: str, api: Api) -> None:
    if entry.path in ELSEWHERE:
        return
    path = entry.path.replace("{id}", "no-such-thing").replace("{name}", "no-such-thing")
    target = f"/v{version}{path}{QUERY.get(entry.path, '')}"
    answer = api.request(entry.method, target, {} if entry.method in ("POST", "PUT") else None)
    if entry.answer == BUILT:
        # 500 where a registry that nobody reaches is asked, as with Docker.
        assert answer.status not in (501, 503, *(() if entry.path in ASKS_REGISTRIES else (500,)))
        assert b"page not found" not in answer.body
    else:
        assert answer.status == STATUS[entry.answer], answer.value
