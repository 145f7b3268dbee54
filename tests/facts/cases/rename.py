"""rename: names that go, names that don't, and what is told."""

from tests.facts.case import case, d, post, setup

V = "/v1.51/containers"
MADE = setup("create --name {p} {base} true")
NAME = d("inspect -f '{{.Name}}' {p}-b")

CASES = (
    case(
        "rename",
        MADE,
        d("rename {p} {p}-b"),
        NAME,
        d("inspect {p}"),
        setup("run --rm {base} sleep 0.2"),
        d(
            "events --since {t0} --until {now} --filter container={p}-b "
            "--format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.oldName}}'"
        ),
    ),
    case("rename-running", setup("run -d --name {p} {base} sleep 60"), post(V + "/{p}/rename?name={p}-b"), NAME),
    case("rename-slash", MADE, post(V + "/{p}/rename?name=/{p}-b"), NAME),
    case("rename-by-id", setup("create --name {p} {base} true", save="c"), d("rename {c} {p}-b"), NAME),
    case("rename-short-id", setup("create --name {p} {base} true", save="c"), d("rename {c12} {p}-b"), NAME),
    case("rename-missing", post(V + "/{p}/rename?name={p}-b"), d("rename {p} {p}-b")),
    case("rename-empty", MADE, post(V + "/{p}/rename"), post(V + "/{p}/rename?name="), d("rename {p} ''")),
    case("rename-missing-empty", post(V + "/{p}/rename")),
    case("rename-same", MADE, post(V + "/{p}/rename?name={p}"), post(V + "/{p}/rename?name=/{p}"), d("rename {p} {p}")),
    case("rename-bad", MADE, post(V + "/{p}/rename?name=b%40d"), d("rename {p} b@d"), d("rename {p} x")),
    case("rename-double-slash", MADE, post(V + "/{p}/rename?name=//{p}-b")),
    case(
        "rename-taken",
        MADE,
        setup("create --name {p}-b {base} true"),
        post(V + "/{p}/rename?name={p}-b"),
        d("rename {p} {p}-b"),
        d("ps -a --filter name={p} --format '{{.Names}}'", unordered=True),
    ),
    case("rename-frees-the-name", MADE, setup("rename {p} {p}-b"), d("run --name {p} {base} echo again")),
    case("rename-no-args", d("rename {p}", only="exit"), d("rename a b c", only="exit")),
)
