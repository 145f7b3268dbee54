"""container prune: which go, what is said. Every case has a label of its own: nobody else's containers go."""

import json
from urllib.parse import quote

from tests.facts.case import Step, case, d, post, setup


def prune(**filters: list[str]) -> Step:
    """A prune of this case's containers; `not_label` stands for label!."""
    filters["label"] = ["{p}=1", *filters.pop("label", [])]
    if unwanted := filters.pop("not_label", None):
        filters["label!"] = unwanted
    # The braces of {p} must stay.
    text = quote(json.dumps(filters), safe="").replace("%7Bp%7D", "{p}")
    return post(f"/v1.51/containers/prune?filters={text}")


LEFT = d("ps -a --filter label={p}=1 --format '{{.Names}}'")
CREATED = setup("create --name {p}-a --label {p}=1 --label a=b {base} true")

CASES = (
    case("prune-none", prune()),
    case("prune-created", CREATED, prune(), LEFT),
    case(
        "prune-size",
        setup("run --name {p}-a --label {p}=1 {base} sh -c 'echo xxxx > /f'"),
        prune(),
        LEFT,
    ),
    case("prune-cli", CREATED, d("container prune -f --filter label={p}=1"), LEFT),
    case("prune-cli-nothing", d("container prune -f --filter label={p}=1")),
    case("prune-cli-asks", CREATED, d("container prune --filter label={p}=1"), LEFT),
    case("prune-cli-arguments", d("container prune x")),
    case("prune-running", setup("run -d --name {p}-a --label {p}=1 {base} sleep 60"), prune(), LEFT),
    case("prune-until-before", CREATED, prune(until=["10h"]), LEFT),
    case("prune-until-date", CREATED, prune(until=["2020-01-01"]), LEFT),
    case("prune-label", CREATED, prune(label=["a=c"]), prune(label=["a"]), LEFT),
    case("prune-not-label", CREATED, prune(not_label=["a"]), LEFT),
    case("prune-not-label-both", CREATED, prune(not_label=["a=b", "zz"]), LEFT),
    case("prune-unknown-filter", prune(foo=["x"])),
    case("prune-bad-until", prune(until=["soon"])),
    case("prune-two-untils", prune(until=["1h", "2h"])),
    case("prune-bad-filters", post("/v1.51/containers/prune?filters=%7Bbad")),
)
