"""save, load, history, rmi of parents, image prune, system df and prune: what is said, and what goes.

Whoever prunes names a label of the case's own: nobody else's images go.
"""

import json
from urllib.parse import quote

from tests.facts.case import Differs, Step, case, d, delete, get, post, setup
from tests.facts.cases.images import MINE, V, tar

# A layer that no image of another case has: what comes back is known.
ROOT = tar(("hello", b"the root of the cases of images\n"))
ARM, AMD = ('{"os":"linux","architecture":"arm64"}', '{"os":"linux","architecture":"amd64"}')
# An image of the case's own, with the label that prunes ask for.
OWN = "import -c 'LABEL fact={p}' -c 'CMD [\"/hello\"]' -"
LEFT = d("images -a --filter label=fact={p} --format '{{.Repository}}:{{.Tag}}'")


def q(text: str) -> str:
    """A query's value; the braces of words stay."""
    return "{q:" + text + ":q}"


def prune(**filters: list[str]) -> Step:
    """A prune of this case's images; `not_label` stands for label!."""
    filters["label"] = ["fact={p}", *filters.pop("label", [])]
    if unwanted := filters.pop("not_label", None):
        filters["label!"] = unwanted
    text = quote(json.dumps(filters), safe="").replace("%7Bp%7D", "{p}")
    return post(f"{V}/prune?filters={text}")


COMMITTED = (
    setup(f"{OWN} {{p}}:below", ROOT, save="below"),
    setup("create --name {p} {p}:below"),
    setup("commit {p} {p}:above", save="above"),
    setup("rm {p}"),
)

CASES = (
    case("save-unknown", d("save {p}:none"), d("save {p}none"), d("save {base} {p}:none")),
    case("save-bad-name", d("save UPPER"), get(V + "/UPPER/get")),
    case("save-no-digest", get(V + "/{p}:none/get"), d("save {base}@sha256:" + "0" * 64)),
    case(
        "save-platform",
        get(f"{V}/{{base}}/get?platform={q(ARM)}"),
        get(f"{V}/get?names={{base}}&platform=x"),
        get(f"{V}/get?names={{base}}&platform={q('{}')}"),
        d("save --platform linux/arm64 -o {tmp}/x {base}"),
    ),
    case("save-many-platforms", get(f"{V}/get?names={{base}}&platform={q(ARM)}&platform={q(AMD)}")),
    case("save-to-folder", d("save -o {tmp} {base}"), d("save -o {tmp}/none/x {base}")),
    case(
        "save-and-load",
        setup("tag {rich} {p}:1"),
        setup("tag {rich} {p}:2"),
        setup("save -o {tmp}/x {p}"),
        setup("rmi {p}:1 {p}:2"),
        d("load -i {tmp}/x"),
        d("load -q -i {tmp}/x"),
        d(f"images {MINE} --format '{{{{.Tag}}}} {{{{.ID}}}}'"),
    ),
    case(
        "load-platform",
        setup("tag {base} {p}:1"),
        setup("save -o {tmp}/x {p}:1"),
        d("load --platform linux/arm64 -i {tmp}/x"),
        d("load --platform linux/amd64 -i {tmp}/x"),
        depends=("arch",),
        differs=(Differs("0.stdout", "where nothing fits, nothing is printed: Docker prints an empty line"),),
    ),
    case(
        "load-moves-name",
        setup("import - {p}:1", ROOT),
        setup("save -o {tmp}/x {p}:1"),
        setup("tag {base} {p}:1"),
        d("load -i {tmp}/x"),
    ),
    case(
        "inspect-platform",
        get(f"{V}/{{base}}/json?platform={q(ARM)}"),
        get(f"{V}/{{base}}/json?platform=x"),
        get(f"{V}/{{base}}/json?platform={q('{}')}"),
        get(f"{V}/{{base}}/json?platform={q('[]')}"),
        get(f"{V}/{{base}}/json?platform=" + q('{"os":3}')),
        get(f"{V}/{{base}}/json?manifests=1&platform={q(AMD)}"),
        get(f"/v1.48/images/{{base}}/json?platform={q(ARM)}", keys=("Os",)),
        depends=("arch",),
    ),
    case("history-platform", get(f"{V}/{{base}}/history?platform={q(ARM)}"), depends=("arch",)),
    case(
        "history-cli",
        d("history {rich}"),
        d("history --no-trunc {rich}"),
        d("history -q {rich}"),
        d("history -H=false {rich}"),
        d("history --format json {rich}"),
        d("history --format 'table {{.ID}}\\t{{.Size}}' {rich}"),
        d("history --format '{{.Nope}}' {rich}"),
        d("history {p}:none"),
    ),
    case(
        "rmi-platform",
        delete(f"{V}/{{base}}?platforms={q(ARM)}"),
        delete(f"{V}/{{base}}?platforms={q(ARM)}&platforms={q(AMD)}"),
        depends=("arch",),
    ),
    case(
        "rmi-parent",
        *COMMITTED,
        d("rmi {below12}"),
        d("rmi -f {below12}"),
        d("rmi {p}:below"),
        LEFT,
        d("rmi {p}:above"),
    ),
    case("rmi-no-prune", *COMMITTED, setup("rmi {p}:below"), d("rmi --no-prune {p}:above"), LEFT, d("rmi {below12}")),
    case("rmi-child-first", *COMMITTED, d("rmi {p}:above"), LEFT),
    case("images-hides-parents", *COMMITTED, setup("rmi {p}:below"), d("images --filter label=fact={p} -q"), LEFT),
    case(
        "images-dangling-parents",
        *COMMITTED,
        setup("rmi {p}:below"),
        d("images --filter label=fact={p} --filter dangling=true -q"),
        d("images --filter label=fact={p} --filter dangling=false -q"),
        d("images -a --filter label=fact={p} --filter dangling=true -q"),
    ),
    case("image-prune-none", prune(), prune(dangling=["false"])),
    case("image-prune-dangling", setup(OWN, ROOT), setup(f"{OWN} {{p}}:x", ROOT), prune(), LEFT),
    case("image-prune-all", setup(f"{OWN} {{p}}:x", ROOT), setup("tag {p}:x {p}:y"), prune(dangling=["false"]), LEFT),
    case(
        "image-prune-in-use",
        setup(f"{OWN} {{p}}:x", ROOT),
        setup("create --name {p} {p}:x"),
        prune(dangling=["false"]),
        LEFT,
    ),
    case("image-prune-parents", *COMMITTED, setup("rmi {p}:below"), prune(), LEFT, prune(dangling=["false"]), LEFT),
    case("image-prune-until", setup(OWN, ROOT), prune(until=["10h"]), LEFT, prune(until=["2099-01-01"]), LEFT),
    case("image-prune-labels", setup(OWN, ROOT), prune(label=["none"]), prune(not_label=["fact"]), LEFT, prune(), LEFT),
    case(
        "image-prune-faults",
        prune(foo=["x"]),
        prune(dangling=["x"]),
        prune(until=["x"]),
        prune(until=["1h", "2h"]),
        post(V + "/prune?filters=%7Bbad"),
    ),
    case("image-prune-cli", setup(OWN, ROOT), d("image prune -f --filter label=fact={p}"), LEFT),
    case("image-prune-cli-all", setup(f"{OWN} {{p}}:x", ROOT), d("image prune -a -f --filter label=fact={p}"), LEFT),
    case("image-prune-cli-asks", d("image prune"), d("image prune -a"), d("image prune x")),
    case(
        "build-prune-faults",
        post("/v1.51/build/prune?filters=" + q('{"foo":["x"]}')),
        post("/v1.51/build/prune?filters=" + q('{"until":["x"]}')),
        post("/v1.51/build/prune?keep-storage=x"),
        post("/v1.51/build/prune?max-used-space=x"),
        post("/v1.51/build/prune?filters=" + q('{"id":["none"],"label":["x"]}')),
    ),
    case(
        "volume-prune",
        post("/v1.51/volumes/prune?filters=" + q('{"label":["{p}"]}')),
        post("/v1.51/volumes/prune?filters=" + q('{"foo":["x"]}')),
        post("/v1.51/volumes/prune?filters=" + q('{"label":["{p}"],"all":["x"]}')),
        d("volume prune"),
        d("volume prune -a"),
        d("volume prune -f --filter label={p}"),
    ),
    case(
        "network-prune",
        post("/v1.51/networks/prune?filters=" + q('{"label":["{p}"]}')),
        post("/v1.51/networks/prune?filters=" + q('{"foo":["x"]}')),
        post("/v1.51/networks/prune?filters=" + q('{"label":["{p}"],"until":["x"]}')),
        d("network prune"),
        d("network prune -f --filter label={p}"),
    ),
    case(
        "system-prune",
        setup(OWN, ROOT),
        setup("create --name {p} --label fact={p} {base} true"),
        d("system prune -f --filter label=fact={p}"),
        LEFT,
    ),
    case(
        "system-prune-asks",
        d("system prune"),
        d("system prune -a --volumes"),
        d("system prune -a --filter until=1h --filter label=x"),
        d("system prune --volumes --filter until=1h"),
    ),
    case("df-format", d("system df --format '{{.Type}}'"), d("system df --format '{{.Nope}}'"), d("system df x")),
    case("df-faults", get("/v1.51/system/df?type=x")),
)
