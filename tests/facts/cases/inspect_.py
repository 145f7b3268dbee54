"""inspect of containers."""

from tests.facts.case import case, d, get, post, setup

V = "/v1.51/containers"
CREATE = V + "/create?name={p}"

CASES = (
    case("inspect-created", setup("create --name {p} {base} true"), get(V + "/{p}/json")),
    case("inspect-running", setup("run -d --name {p} {rich} sleep 600"), get(V + "/{p}/json")),
    case("inspect-exited", setup("run --name {p} {base} true"), get(V + "/{p}/json")),
    case(
        "inspect-options",
        setup(
            "create --name {p} -it -e A=1 -w /tmp -u worker -h box -l a=b --memory 64m --cpus 1.5 --pids-limit 100 --restart on-failure:3 "
            "--stop-signal INT --stop-timeout 3 --read-only --tmpfs /run --shm-size 1m --cap-add SYS_TIME --cap-drop CHOWN --group-add 5 "
            "-v {tmp}:/data:ro --network none --oom-score-adj 5 --log-driver json-file {base} sh"
        ),
        get(V + "/{p}/json"),
    ),
    case(
        "inspect-size",
        setup("create --name {p} {base} true"),
        get(V + "/{p}/json?size=1", keys=("SizeRw", "SizeRootFs")),
    ),
    case("inspect-missing", get(V + "/{p}/json"), d("container inspect {p}"), d("inspect {p}")),
    case("inspect-by-prefix", setup("create --name {p} {base} true", save="c"), d("inspect -f '{{.Name}}' {c12}")),
    case("inspect-ambiguous", get(V + "/%20/json")),
    case(
        "inspect-format",
        setup("create --name {p} -e A=1 {base} echo a b"),
        d("inspect -f '{{.Path}} {{.Args}} {{index .Config.Env 0}} {{.RestartCount}} {{.Platform}}' {p}"),
    ),
    case("inspect-format-bad", setup("create --name {p} {base} true"), d("inspect -f '{{.Nope}}' {p}")),
    case("inspect-two-one-missing", setup("create --name {p} {base} true"), d("inspect -f '{{.Name}}' {p} {p}-none")),
    case(
        "inspect-mounts",
        setup("create --name {p} -v {tmp}:/data:ro --tmpfs /t {base} true"),
        d("inspect -f '{{json .Mounts}}' {p}"),
    ),
    case(
        "inspect-api-created",
        post(CREATE, {"Image": "{base}", "Cmd": ["true"], "Labels": {"a": "b"}}),
        get(V + "/{p}/json"),
    ),
    case(
        "inspect-old-version",
        setup("create --name {p} {base} true"),
        get("/v1.40/containers/{p}/json"),
        get("/v1.24/containers/{p}/json"),
    ),
    case(
        "inspect-killed",
        setup("run -d --name {p} {base} sleep 600"),
        setup("kill {p}"),
        setup("wait {p}"),
        d("inspect -f '{{json .State}}' {p}"),
    ),
    case(
        "inspect-start-error",
        d("run --name {p} {base} nope", only="exit"),
        d("inspect -f '{{json .State}}' {p}"),
        differs=(),
    ),
    case(
        "inspect-network-none",
        setup("run -d --network none --name {p} {base} sleep 600"),
        d("inspect -f '{{json .HostConfig.NetworkMode}}' {p}"),
    ),
)
