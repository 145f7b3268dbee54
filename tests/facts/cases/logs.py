"""logs and its options."""

from tests.facts.case import Differs, case, d, get, setup

TALK = "run --name {p} {base} sh -c 'echo one; echo two; echo three >&2; printf four'"
COUNT = "run --name {p} {base} seq 1 20"
V = "/v1.51/containers/{p}/logs"

CASES = (
    case("logs", setup(TALK), d("logs {p}")),
    case(
        "logs-tail",
        setup(COUNT),
        d("logs --tail 3 {p}"),
        d("logs --tail 0 {p}"),
        d("logs --tail all {p}"),
        d("logs -n 500 {p}"),
    ),
    case(
        "logs-tail-bad",
        setup(COUNT),
        d("logs --tail many {p}", only="stdout"),
        get(V + "?stdout=1&tail=-5", recorded=False),
    ),
    case("logs-timestamps", setup(TALK), d("logs -t {p}")),
    case("logs-since-future", setup(COUNT), d("logs --since 2099-01-01 {p}")),
    case("logs-until-past", setup(COUNT), d("logs --until 2001-01-01 {p}")),
    case("logs-since-zero", setup(COUNT), d("logs --since 0 --tail 2 {p}")),
    case("logs-since-bad", setup(COUNT), d("logs --since yesterday {p}")),
    case("logs-since-bad-api", setup(COUNT), get(V + "?stdout=1&since=yesterday")),
    case("logs-no-stream", setup(COUNT), get(V)),
    case("logs-missing", d("logs {p}"), get(V + "?stdout=1")),
    case("logs-created", setup("create --name {p} {base} true"), d("logs {p}")),
    case("logs-follow-exited", setup(TALK), d("logs -f {p}")),
    case("logs-follow-running", setup("run -d --name {p} {base} sh -c 'echo a; sleep 1; echo b'"), d("logs -f {p}")),
    case(
        "logs-follow-tail",
        setup("run -d --name {p} {base} sh -c 'echo a; echo b; sleep 4; echo c'"),
        d("run --rm {base} sleep 0.5"),
        d("logs -f --tail 1 {p}"),
    ),
    case(
        "logs-follow-until",
        setup("run -d --name {p} {base} sh -c 'echo a; sleep 60'"),
        d("run --rm {base} sleep 2"),
        d("logs -f --until 0s {p}"),
    ),
    case("logs-stderr-only", setup(TALK), get(V + "?stderr=1")),
    case("logs-headers", setup(TALK), get(V + "?stdout=1", keep_headers=("content-type", "transfer-encoding"))),
    case(
        "logs-tty",
        setup("run -t --name {p} {base} sh -c 'echo one; echo two >&2'"),
        d("logs {p}"),
        get(V + "?stdout=1", keep_headers=("content-type",)),
    ),
    case(
        "logs-details",
        setup(
            "run --name {p} --log-driver json-file --log-opt labels=kind --log-opt env=WHO -l kind=test -e WHO=me {base} echo hi"
        ),
        d("logs --details {p}"),
    ),
    case(
        "logs-long-line",
        setup("run --name {p} {base} sh -c 'head -c 40000 /dev/zero | tr \"\\0\" x; echo'"),
        d("logs {p}"),
        d("logs --tail 1 {p}"),
    ),
    case("logs-two-runs", setup(COUNT), setup("start -a {p}"), d("logs --tail 25 {p}")),
    case(
        "logs-binary",
        setup("run --name {p} {base} printf 'a\\000b\\377c\\n'"),
        d("logs {p}"),
        differs=(Differs("0.stdout", "Docker's JSON loses bytes that are no UTF-8; ours are kept"),),
    ),
    case("logs-crlf", setup("run --name {p} {base} printf 'a\\r\\nb\\n'"), d("logs {p}")),
    case("logs-empty-lines", setup("run --name {p} {base} printf '\\n\\nx\\n'"), d("logs {p}"), d("logs --tail 2 {p}")),
    case(
        "logs-json-file-path",
        setup("run --name {p} --log-driver json-file {base} echo hi"),
        d("inspect -f '{{.HostConfig.LogConfig.Type}} {{if .LogPath}}has a path{{end}}' {p}"),
    ),
    case(
        "logs-json-file",
        setup("run --name {p} --log-driver json-file --log-opt max-size=10k --log-opt max-file=2 {base} seq 1 3"),
        d("logs {p}"),
        d("inspect -f '{{json .HostConfig.LogConfig}}' {p}"),
    ),
    case(
        "logs-local",
        setup("run --name {p} --log-driver local {base} seq 1 3"),
        d("logs {p}"),
        d("inspect -f '{{.HostConfig.LogConfig.Type}} {{.LogPath}}' {p}"),
    ),
)
