"""docker create and POST /containers/create."""

from tests.facts.case import Differs, case, d, post, setup

CREATE = "/v1.51/containers/create?name={p}"

CASES = (
    case(
        "create",
        d("create --name {p} {base} true"),
        d("ps -a --filter name={p} --format '{{.Image}} {{.Command}} {{.Status}} {{.Names}}'"),
    ),
    case(
        "create-start-attach",
        setup("create --name {p} {base} sh -c 'echo hi; exit 2'"),
        d("start -a {p}"),
        d("start -a {p}"),
    ),
    case("create-name-bad", d("create --name 'bad name' {base} true")),
    case("create-name-short", d("create --name x {base} true")),
    case(
        "create-name-slash",
        post("/v1.51/containers/create?name=/{p}", {"Image": "{base}", "Cmd": ["true"]}),
        d("rm {p}"),
    ),
    case("create-name-conflict", setup("create --name {p} {base}"), d("create --name {p} {base}")),
    case("create-name-conflict-api", setup("create --name {p} {base}"), post(CREATE, {"Image": "{base}"})),
    case("create-image-missing", d("create --pull never --name {p} {p}/none {base}")),
    case("create-image-missing-api", post(CREATE, {"Image": "{p}/none:2"})),
    case(
        "create-image-by-id",
        setup("inspect -f '{{.Id}}' {base}", save="i"),
        d("create --name {p} {i12} true"),
        d("inspect -f '{{.Config.Image}} {{.Image}}' {p}"),
    ),
    case("create-image-reference-bad", post(CREATE, {"Image": "UPPER:CASE:x"})),
    case(
        "create-no-image",
        post(CREATE, {"Cmd": ["true"]}),
        differs=(Differs("0", "a container without an image could never start: refused at once"),),
    ),
    case("create-no-body", post(CREATE)),
    case(
        "create-body-not-json",
        post(CREATE, b"{nonsense", headers=(("Content-Type", "application/json"),)),
        differs=(Differs("0.body.message", "the place of the fault is told otherwise"),),
    ),
    case("create-body-not-declared", post(CREATE, b"{}", headers=(("Content-Type", "text/plain"),))),
    case("create-body-wrong-type", post(CREATE, {"Image": "{base}", "Cmd": 5})),
    case(
        "create-body-twice",
        post(CREATE, b'{"Image":"bx/base:1"}{"Image":"bx/base:1"}', headers=(("Content-Type", "application/json"),)),
    ),
    case(
        "create-no-command",
        post(CREATE, {"Image": "{base}", "Cmd": [], "Entrypoint": []}),
        d("inspect -f '{{json .Config.Cmd}} {{json .Config.Entrypoint}} {{.Path}} {{.Args}}' {p}"),
    ),
    case(
        "create-command-string",
        post(CREATE, {"Image": "{base}", "Cmd": "echo one"}),
        d("inspect -f '{{json .Config.Cmd}}' {p}"),
    ),
    case(
        "create-entrypoint-resets-cmd",
        post(CREATE, {"Image": "{rich}", "Entrypoint": ["echo"]}),
        d("inspect -f '{{json .Config.Cmd}} {{.Path}} {{json .Args}}' {p}"),
    ),
    case("create-minimal-inspect-config", post(CREATE, {"Image": "{rich}"}), d("inspect -f '{{json .Config}}' {p}")),
    case("create-env-bad", post(CREATE, {"Image": "{base}", "Env": ["=x"]})),
    case("create-env-empty", post(CREATE, {"Image": "{base}", "Env": [""]})),
    case(
        "create-env-no-value",
        post(CREATE, {"Image": "{base}", "Env": ["A", "B=1", "B=2"]}),
        d("inspect -f '{{json .Config.Env}}' {p}"),
    ),
    case("create-workdir-relative", post(CREATE, {"Image": "{base}", "WorkingDir": "a/b"})),
    case("create-stop-signal-bad", post(CREATE, {"Image": "{base}", "StopSignal": "NOPE"})),
    case(
        "create-stop-timeout",
        post(CREATE, {"Image": "{base}", "StopTimeout": 7}),
        d("inspect -f '{{.Config.StopTimeout}}' {p}"),
    ),
    case("create-hostname-long", post(CREATE, {"Image": "{base}", "Hostname": "h" * 70})),
    case("create-memory-small", post(CREATE, {"Image": "{base}", "HostConfig": {"Memory": 1024}})),
    case("create-memory-swap-only", post(CREATE, {"Image": "{base}", "HostConfig": {"MemorySwap": 33554432}})),
    case(
        "create-memory-reservation-above",
        post(CREATE, {"Image": "{base}", "HostConfig": {"Memory": 33554432, "MemoryReservation": 67108864}}),
    ),
    case(
        "create-nanocpus-and-quota",
        post(CREATE, {"Image": "{base}", "HostConfig": {"NanoCpus": 500000000, "CpuQuota": 5000}}),
    ),
    case("create-cpu-period-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"CpuPeriod": 10}})),
    case("create-cpuset-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"CpusetCpus": "0-x"}})),
    case(
        "create-cpuset-absent", post(CREATE, {"Image": "{base}", "HostConfig": {"CpusetCpus": "77"}}), depends=("cpus",)
    ),
    case("create-shm-negative", post(CREATE, {"Image": "{base}", "HostConfig": {"ShmSize": -1}})),
    case(
        "create-restart-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"RestartPolicy": {"Name": "sometimes"}}})
    ),
    case(
        "create-restart-count",
        post(CREATE, {"Image": "{base}", "HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}}}),
    ),
    case(
        "create-restart-negative",
        post(
            CREATE,
            {"Image": "{base}", "HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -3}}},
        ),
    ),
    case(
        "create-restart-autoremove",
        post(CREATE, {"Image": "{base}", "HostConfig": {"AutoRemove": True, "RestartPolicy": {"Name": "always"}}}),
    ),
    case(
        "create-port-bad",
        post(CREATE, {"Image": "{base}", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "abc"}]}}}),
    ),
    case("create-port-protocol-bad", post(CREATE, {"Image": "{base}", "ExposedPorts": {"80/xyz": {}}})),
    case("create-capability-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"CapAdd": ["NOT_A_CAP"]}})),
    case("create-bind-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"Binds": ["nonsense"]}})),
    case("create-bind-mode-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"Binds": ["/tmp:/x:sideways"]}})),
    case("create-bind-duplicate", post(CREATE, {"Image": "{base}", "HostConfig": {"Binds": ["/tmp:/x", "/var:/x"]}})),
    case(
        "create-mount-type-bad",
        post(CREATE, {"Image": "{base}", "HostConfig": {"Mounts": [{"Type": "odd", "Target": "/x"}]}}),
    ),
    case(
        "create-mount-no-target",
        post(CREATE, {"Image": "{base}", "HostConfig": {"Mounts": [{"Type": "bind", "Source": "/tmp"}]}}),
    ),
    case(
        "create-mount-missing-source",
        post(
            CREATE,
            {
                "Image": "{base}",
                "HostConfig": {"Mounts": [{"Type": "bind", "Source": "/no/where/{p}", "Target": "/x"}]},
            },
        ),
    ),
    case(
        "create-tmpfs-option-bad",
        post(CREATE, {"Image": "{base}", "HostConfig": {"Tmpfs": {"/x": "nosuchoption"}}}),
        differs=(Differs("0", "refused when it is asked for, not when it starts"),),
    ),
    case("create-runtime-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"Runtime": "{p}"}})),
    case("create-isolation-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"Isolation": "hyperv"}})),
    case("create-pid-mode-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"PidMode": "sideways"}})),
    case("create-ipc-mode-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"IpcMode": "sideways"}})),
    case("create-cgroupns-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"CgroupnsMode": "sideways"}})),
    case("create-oom-score-bad", post(CREATE, {"Image": "{base}", "HostConfig": {"OomScoreAdj": 2000}})),
    case("create-platform-bad", post("/v1.51/containers/create?name={p}&platform=nonsense/", {"Image": "{base}"})),
    case("create-platform-other", post("/v1.51/containers/create?name={p}&platform=linux/s390x", {"Image": "{base}"})),
    case(
        "create-healthcheck-bad",
        post(CREATE, {"Image": "{base}", "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10}}),
    ),
    case(
        "create-host-hostname",
        post(CREATE, {"Image": "{base}", "Hostname": "x", "HostConfig": {"NetworkMode": "host", "UTSMode": "host"}}),
    ),
    case(
        "create-warnings",
        post(CREATE, {"Image": "{base}", "HostConfig": {"Memory": 33554432, "MemorySwappiness": 30}}),
        depends=("cgroup", "swap"),
    ),
    case(
        "create-log-option-bad",
        post(
            CREATE, {"Image": "{base}", "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"nosuch": "1"}}}}
        ),
    ),
    case(
        "create-log-size-bad",
        post(
            CREATE,
            {"Image": "{base}", "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"max-size": "many"}}}},
        ),
    ),
)
