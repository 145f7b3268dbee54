"""ps: columns, formats, filters, sizes."""

from tests.facts.case import Differs, case, d, get, setup

A = setup("run -d --name {p}-a -l kind=one -l colour {base} sleep 600")
B = setup("run -d --name {p}-b -l kind=two {base} sh -c 'exit 3'")
B2 = setup("wait {p}-b")
C = setup("create --name {p}-c {rich} sh")
ALL = (A, B, B2, C)
NAMES = "--format '{{.Names}}'"
MINE = "--filter name={p}"
PORTS = Differs("*.body.*.Ports", "published ports come with the networks")

CASES = (
    case("ps-table", *ALL, d(f"ps -a {MINE}")),
    case("ps-running-only", *ALL, d(f"ps {MINE}")),
    case("ps-quiet", *ALL, d(f"ps -aq {MINE}"), d(f"ps -aq --no-trunc {MINE}")),
    case(
        "ps-no-trunc",
        setup("create --name {p} {base} sh -c 'echo a very long command line that is cut in the table'"),
        d(f"ps -a {MINE}"),
        d(f"ps -a --no-trunc {MINE}"),
    ),
    case(
        "ps-format",
        *ALL,
        d(
            f"ps -a {MINE} --format '{{{{.Names}}}}|{{{{.Image}}}}|{{{{.State}}}}|{{{{.Status}}}}|{{{{.Command}}}}|{{{{.Ports}}}}|{{{{.Networks}}}}|{{{{.Mounts}}}}|{{{{.LocalVolumes}}}}'"
        ),
    ),
    case("ps-format-table", *ALL, d(f"ps -a {MINE} --format 'table {{{{.Names}}}}\\t{{{{.State}}}}'")),
    case("ps-format-labels", *ALL, d(f"ps -a {MINE} --format '{{{{.Label \"kind\"}}}}'")),
    case("ps-format-json", A, d(f"ps -a {MINE} --format json")),
    case("ps-last", *ALL, d(f"ps -n 1 {MINE} {NAMES}"), d(f"ps -l {MINE} {NAMES}")),
    case(
        "ps-filter-status",
        *ALL,
        d(f"ps -a {MINE} --filter status=exited {NAMES}"),
        d(f"ps -a {MINE} --filter status=created {NAMES}"),
        d(f"ps -a {MINE} --filter status=running {NAMES}"),
    ),
    case("ps-filter-status-two", *ALL, d(f"ps -a {MINE} --filter status=exited --filter status=created {NAMES}")),
    case("ps-filter-status-implies-all", *ALL, d(f"ps {MINE} --filter status=exited {NAMES}")),
    case("ps-filter-status-bad", d("ps --filter status=odd")),
    case(
        "ps-filter-exited",
        *ALL,
        d(f"ps -a {MINE} --filter exited=3 {NAMES}"),
        d(f"ps -a {MINE} --filter exited=0 {NAMES}"),
        d("ps -a --filter exited=x"),
    ),
    case(
        "ps-filter-label",
        *ALL,
        d(f"ps -a {MINE} --filter label=kind {NAMES}"),
        d(f"ps -a {MINE} --filter label=kind=two {NAMES}"),
        d(f"ps -a {MINE} --filter label=kind --filter label=colour {NAMES}"),
    ),
    case(
        "ps-filter-label-not",
        *ALL,
        d(f"ps -a {MINE} --filter label!=kind {NAMES}"),
        d("ps -a --filter label!", only="exit"),
    ),
    case(
        "ps-filter-name",
        *ALL,
        d("ps -a --filter name=^/{p}-a$ " + NAMES),
        d("ps -a --filter name={p}-[ab] " + NAMES),
        d("ps -a --filter name=^{p}-c$ " + NAMES),
    ),
    case("ps-filter-name-bad", d("ps -a --filter name=[ " + NAMES)),
    case(
        "ps-filter-id",
        setup("create --name {p} {base} true", save="c"),
        d("ps -a --filter id={c12} " + NAMES),
        d(f"ps -a {MINE} --filter id=zz {NAMES}"),
    ),
    case(
        "ps-filter-ancestor",
        *ALL,
        d(f"ps -a {MINE} --filter ancestor={{rich}} {NAMES}"),
        d(f"ps -a {MINE} --filter ancestor={{p}} {NAMES}"),
    ),
    case(
        "ps-filter-before-since",
        *ALL,
        d(f"ps -a {MINE} --filter before={{p}}-b {NAMES}"),
        d(f"ps -a {MINE} --filter since={{p}}-b {NAMES}"),
        d("ps -a --filter since={p}-none"),
    ),
    case(
        "ps-filter-volume",
        setup("create --name {p}-a -v {tmp}:/data {base} true"),
        setup("create --name {p}-b {base} true"),
        d(f"ps -a {MINE} --filter volume=/data {NAMES}"),
        d(f"ps -a {MINE} --filter volume={{tmp}} {NAMES}"),
    ),
    case("ps-filter-network", *ALL, d(f"ps -a {MINE} --filter network={{p}}-none {NAMES}")),
    case(
        "ps-filter-publish",
        setup("create --name {p} --expose 99 {base} true"),
        d(f"ps -a {MINE} --filter expose=99 {NAMES}"),
        d(f"ps -a {MINE} --filter publish=99 {NAMES}"),
        d("ps -a --filter expose=x-y"),
    ),
    case("ps-filter-health", *ALL, d(f"ps -a {MINE} --filter health=none {NAMES}"), d("ps -a --filter health=odd")),
    case("ps-filter-task", *ALL, d(f"ps -a {MINE} --filter is-task=false {NAMES}"), d("ps -a --filter is-task=maybe")),
    case("ps-filter-unknown", d("ps --filter nosuch=1")),
    case("ps-filter-not-json", get("/v1.51/containers/json?filters=nonsense")),
    case("ps-filter-old-form", A, get('/v1.51/containers/json?all=1&filters={q:{"name":["{p}"]}:q}', keys=())),
    case(
        "ps-api",
        setup("create --name {p} -l a=b {rich} sh"),
        get('/v1.51/containers/json?all=1&filters={q:{"name":{"{p}":true}}:q}'),
    ),
    case("ps-api-running", A, get('/v1.51/containers/json?filters={q:{"name":{"{p}":true}}:q}')),
    case("ps-api-limit-bad", get("/v1.51/containers/json?limit=x")),
    case("ps-api-old", A, get('/v1.24/containers/json?filters={q:{"name":{"{p}":true}}:q}')),
    case(
        "ps-size",
        setup("run --name {p} {base} sh -c 'head -c 5000 /dev/zero > /five'"),
        d(f"ps -as {MINE} --format '{{{{.Size}}}}'"),
    ),
    case(
        "ps-status-words",
        setup("run --name {p}-0 {base} true"),
        setup("create --name {p}-1 {base} true"),
        d(f"ps -a {MINE} --format '{{{{.Status}}}}'"),
    ),
    case(
        "ps-image-retagged",
        setup("tag {base} {p}:1"),
        setup("create --name {p} {p}:1 true"),
        setup("rmi {p}:1"),
        d(f"ps -a {MINE} --format '{{{{.Image}}}}'"),
    ),
    case(
        "ps-filter-does-not-imply-all",
        *ALL,
        d(f"ps {MINE} --filter exited=3 {NAMES}"),
        d(f"ps {MINE} --filter since={{p}}-a {NAMES}"),
        d(f"ps {MINE} --filter before={{p}}-c {NAMES}"),
        d(f"ps {MINE} --filter status=exited --filter exited=3 {NAMES}"),
    ),
    case(
        "ps-filter-empty",
        *ALL,
        d(f"ps -a {MINE} --filter id= {NAMES}"),
        d(f"ps -a {MINE} --filter network= {NAMES}"),
        d(f"ps -a {MINE} --filter volume= {NAMES}"),
        d(f"ps -a {MINE} --filter label= {NAMES}"),
    ),
    case(
        "ps-filter-port-bad",
        d("ps --filter publish=99999"),
        d("ps --filter expose=70000-70001/udp"),
        d("ps --filter expose="),
        d("ps --filter publish=80-70"),
    ),
    case(
        "ps-filter-false-counts",
        *ALL,
        get('/v1.51/containers/json?all=1&filters={q:{"name":{"{p}-none":false}}:q}'),
    ),
    case(
        "ps-no-since-of-its-own",
        get('/v1.51/containers/json?since={p}&filters={q:{"name":["{p}"]}:q}'),
        get('/v1.51/containers/json?before={p}&filters={q:{"name":["{p}"]}:q}'),
    ),
)
