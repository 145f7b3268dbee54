"""events: what each verb tells."""

from tests.facts.case import case, d, get, setup

SEEN = "--format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.image}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.signal}}'"
BETWEEN = "events --since {t0} --until {now}"
MINE = f"{BETWEEN} --filter container={{p}} {SEEN}"
WAITED = setup("run --rm {base} sleep 0.2")

CASES = (
    case("events-run", setup("run --name {p} {base} true"), WAITED, d(MINE)),
    case(
        "events-run-rm",
        setup("run --rm --name {p} {base} true"),
        WAITED,
        d(f"{BETWEEN} --filter type=container --filter image={{base}} --filter event=destroy {SEEN}", only="exit"),
    ),
    case(
        "events-create-rm",
        setup("create --name {p} {base} true", save="c"),
        setup("rm {p}"),
        WAITED,
        d(f"{BETWEEN} --filter container={{c}} {SEEN}"),
    ),
    case(
        "events-kill",
        setup("run -d --name {p} {base} sleep 600"),
        setup("kill {p}"),
        setup("wait {p}"),
        WAITED,
        d(MINE),
    ),
    case("events-stop", setup("run -d --name {p} {base} sleep 600"), setup("stop -t 1 {p}"), WAITED, d(MINE)),
    case("events-restart", setup("run -d --name {p} {base} sleep 600"), setup("restart -t 0 {p}"), WAITED, d(MINE)),
    case("events-exec", setup("run -d --name {p} {base} sleep 600"), setup("exec {p} true"), WAITED, d(MINE)),
    case(
        "events-exec-exit",
        setup("run -d --name {p} {base} sleep 600"),
        d("exec {p} sh -c 'exit 4'", only="exit"),
        WAITED,
        d(f"{BETWEEN} --filter container={{p}} --filter event=exec_die {SEEN}"),
    ),
    case("events-resize", setup("run -dt --name {p} {base} sleep 600"), get("/_ping", recorded=False), WAITED, d(MINE)),
    case("events-start-failed", d("run --name {p} {base} nope", only="exit"), WAITED, d(MINE)),
    case(
        "events-oom",
        d("run --name {p} -m 16m --memory-swap 16m {base} tail /dev/zero", only="exit"),
        WAITED,
        d(f"{BETWEEN} --filter container={{p}} --filter event=die {SEEN}"),
        depends=("cgroup", "swap"),
    ),
    case(
        "events-oom-exec",
        setup("run -d --name {p} -m 16m --memory-swap 16m {base} sleep 600"),
        d("exec {p} tail /dev/zero", only="exit"),
        d("inspect -f '{{.State.OOMKilled}} {{.State.Status}}' {p}"),
        setup("kill {p}"),
        WAITED,
        d(f"{BETWEEN} --filter container={{p}} --filter event=oom {SEEN}"),
        depends=("cgroup", "swap"),
    ),
    case(
        "events-tag",
        setup("tag {base} {p}:x"),
        setup("rmi {p}:x"),
        WAITED,
        d(f"{BETWEEN} --filter type=image --filter image={{p}}:x {SEEN}"),
    ),
    case(
        "events-import",
        setup("import - {p}:x", b"\0" * 1024),
        WAITED,
        d(f"{BETWEEN} --filter type=image --filter image={{p}}:x {SEEN}"),
    ),
    case(
        "events-labels",
        setup("create --name {p} -l a=b {rich} true"),
        WAITED,
        d("events --since {t0} --until {now} --filter container={p} --format '{{json .Actor.Attributes}}'"),
    ),
    case(
        "events-filter-label",
        setup("create --name {p} -l who={p} {base} true"),
        WAITED,
        d(f"{BETWEEN} --filter label=who={{p}} {SEEN}"),
    ),
    case("events-filter-unknown", d("events --since 1 --until 2 --filter nosuch=1")),
    case("events-since-bad", d("events --since yesterday --until 2"), get("/v1.51/events?since=yesterday&until=2")),
    case("events-since-after-until", get("/v1.51/events?since=5&until=2")),
    case("events-none", d("events --since 1 --until 2")),
    case(
        "events-format-json",
        setup("create --name {p} {base} true"),
        WAITED,
        d("events --since {t0} --until {now} --filter container={p} --format json"),
    ),
    case(
        "events-plain",
        setup("create --name {p} {base} true"),
        WAITED,
        d("events --since {t0} --until {now} --filter container={p}"),
    ),
    case(
        "events-api",
        setup("create --name {p} {base} true"),
        WAITED,
        get(
            '/v1.51/events?since={t0}&until={now}&filters={q:{"container":{"{p}":true}}:q}',
            keep_headers=("content-type", "transfer-encoding"),
        ),
    ),
    case(
        "events-api-old",
        setup("create --name {p} {base} true"),
        WAITED,
        get('/v1.40/events?since={t0}&until={now}&filters={q:{"container":{"{p}":true}}:q}'),
    ),
)
