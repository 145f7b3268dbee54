"""attach and exec as raw streams: status lines, frames, half-close."""

from tests.facts.case import Http, case, d, get, post, setup

V = "/v1.51/containers"
ATTACH = V + "/{p}/attach?stream=1&stdin=1&stdout=1&stderr=1"


def _later(command: str) -> dict[str, object]:
    return {"Image": "{base}", "Cmd": ["sh", "-c", command]}


CASES = (
    case("raw-attach-missing", Http("POST", V + "/{p}/attach?stream=1&stdout=1", upgrade=True)),
    case(
        "raw-attach-cat",
        setup("run -di --name {p} {base} cat"),
        Http("POST", ATTACH, upgrade=True, stdin=b"hello\n", recorded=False),
        d("logs {p}"),
    ),
    case(
        "raw-attach-logs",
        setup("run --name {p} {base} sh -c 'echo one; echo two >&2'"),
        Http("POST", V + "/{p}/attach?logs=1&stdout=1&stderr=1", upgrade=True),
    ),
    case(
        "raw-attach-logs-tty",
        setup("run -t --name {p} {base} sh -c 'echo one; echo two >&2'"),
        Http("POST", V + "/{p}/attach?logs=1&stdout=1&stderr=1", upgrade=True),
    ),
    case("raw-attach-no-streams", setup("run --name {p} {base} echo x"), Http("POST", V + "/{p}/attach", upgrade=True)),
    case(
        "raw-attach-running",
        setup("run -d --name {p} {base} sh -c 'sleep 1.5; echo late; echo err >&2'"),
        Http("POST", V + "/{p}/attach?stream=1&stdout=1&stderr=1", upgrade=True),
    ),
    case(
        "raw-attach-running-tty",
        setup("run -dt --name {p} {base} sh -c 'sleep 1.5; echo late'"),
        Http("POST", V + "/{p}/attach?stream=1&stdout=1&stderr=1", upgrade=True),
    ),
    case(
        "raw-attach-logs-and-stream",
        setup("run -d --name {p} {base} sh -c 'echo early; sleep 1.5; echo late'"),
        Http("POST", V + "/{p}/attach?logs=1&stream=1&stdout=1&stderr=1", upgrade=True),
    ),
    case(
        "raw-attach-bad-keys",
        setup("run -d --name {p} {base} sleep 60"),
        Http("POST", V + "/{p}/attach?stream=1&stdout=1&detachKeys=ctrl-%25", upgrade=True),
    ),
    case("raw-attach-cli-exited", setup("run --name {p} {base} true"), d("attach {p}")),
    case(
        "raw-attach-cli",
        setup("run -d --name {p} {base} sh -c 'sleep 1; echo out; echo err >&2; exit 3'"),
        d("attach --no-stdin {p}"),
    ),
    case("raw-attach-cli-missing", d("attach {p}")),
    case(
        "raw-logs-frames",
        setup("run --name {p} {base} sh -c 'echo one; sleep 0.1; echo two >&2'"),
        get(V + "/{p}/logs?stdout=1&stderr=1", keep_headers=("content-type",)),
    ),
    case(
        "raw-create-start-wait",
        post(V + "/create?name={p}", _later("exit 7")),
        post(V + "/{p}/start", keep_headers=("content-type", "content-length")),
        post(V + "/{p}/wait"),
        Http("DELETE", V + "/{p}", keep_headers=("content-type", "content-length")),
    ),
)
