"""pause and unpause: states, what a paused container refuses, what wakes it up."""

from tests.facts.case import case, d, delete, get, post, setup

V = "/v1.51/containers"
SLEEPER = setup("run -d --name {p} {base} sleep 600")
STATE = d("inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}}' {p}")
SEEN = "--format '{{.Action}} {{.Actor.Attributes.signal}} {{.Actor.Attributes.exitCode}}'"
TOLD = d(f"events --since {{t0}} --until {{now}} --filter container={{p}} {SEEN}")
WAITED = setup("run --rm {base} sleep 0.2")

CASES = (
    case("pause", SLEEPER, d("pause {p}"), STATE, d("unpause {p}"), STATE, WAITED, TOLD),
    case(
        "pause-twice",
        SLEEPER,
        post(V + "/{p}/pause"),
        post(V + "/{p}/pause"),
        post(V + "/{p}/unpause"),
        post(V + "/{p}/unpause"),
    ),
    case("pause-cli-twice", SLEEPER, d("pause {p}"), d("pause {p}"), d("unpause {p}"), d("unpause {p}")),
    case("pause-missing", post(V + "/{p}/pause"), post(V + "/{p}/unpause"), d("pause {p} {p}-b"), d("unpause {p}")),
    case("pause-created", setup("create --name {p} {base} true"), post(V + "/{p}/pause"), post(V + "/{p}/unpause")),
    case("pause-exited", setup("run --name {p} {base} true"), d("pause {p}"), d("unpause {p}"), post(V + "/{p}/pause")),
    case("pause-some", SLEEPER, d("pause {p} {p}-b"), STATE),
    case(
        "paused-ps",
        SLEEPER,
        setup("pause {p}"),
        d("ps --filter name={p} --format '{{.Status}} {{.State}}'"),
        d("ps -q --filter name={p} --filter status=running"),
        d("ps --filter name={p} --filter status=paused --format '{{.Names}}'"),
    ),
    case("paused-exec", SLEEPER, setup("pause {p}"), post(V + "/{p}/exec", {"Cmd": ["true"]}), d("exec {p} true")),
    case(
        "paused-exec-start",
        SLEEPER,
        post(V + "/{p}/exec", {"Cmd": ["true"]}, save="e"),
        setup("pause {p}"),
        post("/v1.51/exec/{e}/start", {"Detach": True}),
        post("/v1.51/exec/{e}/start", {"Detach": False}),
    ),
    case("paused-start", SLEEPER, setup("pause {p}"), post(V + "/{p}/start"), d("start {p}")),
    case("paused-attach", SLEEPER, setup("pause {p}"), d("attach {p}"), post(V + "/{p}/attach?stream=1&stdout=1")),
    case(
        "paused-logs",
        setup("run -d --name {p} {base} sh -c 'echo out; exec sleep 600'"),
        WAITED,
        setup("pause {p}"),
        d("logs {p}"),
        get(V + "/{p}/top?ps_args=-o%20pid,comm", schema=True),
    ),
    case("paused-rm", SLEEPER, setup("pause {p}"), delete(V + "/{p}"), d("rm {p}"), d("rm -f {p}"), d("inspect {p}")),
    case("paused-stop", SLEEPER, setup("pause {p}"), d("stop -t 1 {p}"), STATE, WAITED, TOLD),
    case("paused-kill", SLEEPER, setup("pause {p}"), d("kill {p}"), d("wait {p}"), STATE),
    case("paused-kill-usr1", SLEEPER, setup("pause {p}"), d("kill -s USR1 {p}"), WAITED, STATE, WAITED, TOLD),
    case(
        "paused-kill-other",
        setup("run -d --stop-signal TERM --name {p} {base} sleep 600"),
        setup("pause {p}"),
        d("kill -s USR1 {p}"),
        WAITED,
        STATE,
        d("kill -s TERM {p}"),
        WAITED,
        STATE,
    ),
    case("paused-restart", SLEEPER, setup("pause {p}"), d("restart -t 0 {p}"), STATE),
    case(
        "paused-rename-update",
        SLEEPER,
        setup("pause {p}"),
        d("rename {p} {p}-b"),
        d("rename {p}-b {p}"),
        d("update --cpu-shares 100 {p}"),
        STATE,
    ),
    case(
        "paused-exec-that-runs",
        SLEEPER,
        setup("exec -d {p} sleep 500"),
        setup("pause {p}"),
        setup("unpause {p}"),
        d("exec {p} true"),
    ),
)
