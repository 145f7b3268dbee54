"""update: every limit, what is refused, what is kept, what reaches the control group."""

from tests.facts.case import Case, Differs, Http, Step, case, d, get, post, setup

V = "/v1.51/containers"
RUNNING = setup("run -d --name {p} {base} sleep 600")
MADE = setup("create --name {p} {base} true")
MIB = 1 << 20
SHOWN = "{{json .HostConfig.Memory}} {{json .HostConfig.MemorySwap}} {{json .HostConfig.MemoryReservation}} "
SHOWN += "{{json .HostConfig.CpuShares}} {{json .HostConfig.CpuPeriod}} {{json .HostConfig.CpuQuota}} "
SHOWN += "{{json .HostConfig.NanoCpus}} {{json .HostConfig.CpusetCpus}} {{json .HostConfig.CpusetMems}} "
SHOWN += "{{json .HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{json .HostConfig.OomKillDisable}} "
SHOWN += "{{json .HostConfig.MemorySwappiness}} {{json .HostConfig.AutoRemove}} {{json .HostConfig.CpuCount}}"
KEPT = d(f"inspect -f '{SHOWN}' {{p}}")
ON_V1 = ("cgroup", "swap")


def live(*files: str) -> Step:
    """What stands in the container's own view of its control group (v1)."""
    paths = " ".join(f"/sys/fs/cgroup/{file}" for file in files)
    return d(f"exec {{p}} cat {paths}")


def change(**fields: object) -> Http:
    """A recorded update."""
    return post(V + "/{p}/update", fields)


def tried(
    name: str,
    *bodies: dict[str, object],
    made: Step = RUNNING,
    depends: tuple[str, ...] = ("cgroup",),
    differs: tuple[Differs, ...] = (),
) -> Case:
    """One update after the other, and what is kept in the end."""
    steps = (post(V + "/{p}/update", body) for body in bodies)
    return case(f"update-{name}", made, *steps, KEPT, depends=depends, differs=differs)


CASES = (
    case("update-nothing", RUNNING, post(V + "/{p}/update"), change(), KEPT, depends=("cgroup",)),
    case("update-missing", post(V + "/{p}/update", {}), d("update --cpu-shares 10 {p}")),
    case(
        "update-bad-json",
        RUNNING,
        Http("POST", V + "/{p}/update", [1]),
        change(Memory="x"),
        change(PidsLimit="x"),
        change(BlkioWeight=70000),
        change(RestartPolicy="x"),
        change(RestartPolicy={"MaximumRetryCount": "x"}),
        change(Devices="x"),
        change(Memory=1.5),
    ),
    tried("memory-too-small", {"Memory": 1}, {"Memory": -1}, {"memory": 1}),
    tried("memory-alone", {"Memory": 100 * MIB}, depends=ON_V1),
    tried("memory-alone-created", {"Memory": 100 * MIB}, made=MADE, depends=ON_V1),
    tried("memory-and-swap", {"Memory": 100 * MIB, "MemorySwap": 200 * MIB}, {"Memory": 300 * MIB}, depends=ON_V1),
    tried(
        "memory-up-and-down",
        {"Memory": 100 * MIB, "MemorySwap": 200 * MIB},
        {"Memory": 300 * MIB, "MemorySwap": 600 * MIB},
        {"Memory": 50 * MIB, "MemorySwap": 60 * MIB},
        {"MemorySwap": -1},
        {"Memory": 60 * MIB},
        depends=ON_V1,
    ),
    tried("memory-swap-smaller", {"Memory": 100 * MIB, "MemorySwap": 50 * MIB}, depends=ON_V1),
    tried("memory-zero", {"Memory": 0}),
    tried("reservation", {"MemoryReservation": 20 * MIB}, {"MemoryReservation": 1}, {"MemoryReservation": 900 * MIB}),
    tried("swappiness", {"MemorySwappiness": 50}, {"MemorySwappiness": 500}, {"KernelMemoryTCP": 50 * MIB}),
    tried("oom-kill-disable", {"OomKillDisable": True}),
    tried(
        "cpu", {"CpuShares": 512}, {"CpuPeriod": 50000}, {"CpuQuota": 20000}, {"CpusetCpus": "0"}, {"CpusetMems": "0"}
    ),
    tried(
        "cpu-bad",
        {"CpuQuota": 1},
        {"CpuPeriod": 1},
        {"CpuShares": -1},
        {"NanoCpus": 1 << 50},
        depends=("cgroup", "cpus"),
        differs=(
            Differs("2.status", "400 as at create: Docker leaves it to runc"),
            Differs("2.body", "as at create: Docker gives runc's message"),
        ),
    ),
    tried("cpuset-bad", {"CpusetCpus": "77"}, {"CpusetMems": "x"}, depends=("cgroup", "cpus")),
    tried("nano-and-period", {"NanoCpus": 10**9, "CpuPeriod": 50000}, {"NanoCpus": 10**9, "CpuQuota": 50000}),
    tried("nano-after-period", {"CpuPeriod": 50000}, {"NanoCpus": 10**9}),
    tried("nano-after-quota", {"CpuQuota": 50000}, {"NanoCpus": 10**9}),
    tried("period-after-nano", {"NanoCpus": 10**9}, {"CpuPeriod": 50000}, {"CpuQuota": 20000}, {"NanoCpus": 5 * 10**8}),
    tried("pids", {"PidsLimit": 50}),
    tried("pids-none", {"PidsLimit": 50}, {"PidsLimit": 0}),
    tried("pids-minus", {"PidsLimit": 50}, {"PidsLimit": -1}, {"PidsLimit": -2}),
    tried("block-weight", {"BlkioWeight": 300}, {"BlkioWeight": 5}, depends=("cgroup", "kernel")),
    tried("quality", {"IOMaximumIOps": 3}, {"IOMaximumBandwidth": 3}, {"CpuCount": 1}, {"CpuPercent": 5}),
    tried(
        "of-no-effect",
        {"Devices": []},
        {"Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 5}]},
        {"CgroupParent": "/x"},
        {"AutoRemove": True},
        {"DeviceCgroupRules": ["c 1:3 r"]},
        {"BlkioDeviceReadBps": [{"Path": "/dev/null", "Rate": 1}]},
        {"KernelMemory": 50 * MIB},
    ),
    tried(
        "restart-policy",
        {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
        {"RestartPolicy": {"Name": "bogus"}},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}},
        {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -3}},
        {"RestartPolicy": {}},
    ),
    tried(
        "restart-policy-rm",
        {"RestartPolicy": {"Name": "always"}},
        {"RestartPolicy": {"Name": "no"}},
        made=setup("run -d --rm --name {p} {base} sleep 600"),
    ),
    tried("created", {"CpuShares": 100, "PidsLimit": 7, "RestartPolicy": {"Name": "always"}}, made=MADE),
    case(
        "update-live-memory",
        RUNNING,
        change(Memory=100 * MIB, MemorySwap=200 * MIB, MemoryReservation=20 * MIB),
        live("memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "memory/memory.soft_limit_in_bytes"),
        depends=ON_V1,
    ),
    case(
        "update-live-swap-unlimited",
        setup("run -d -m 100m --name {p} {base} sleep 600"),
        change(MemorySwap=-1),
        live("memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes"),
        depends=ON_V1,
        differs=(Differs("*.stdout.1", "without limit at once: Docker's old limit stays until the next start"),),
    ),
    case(
        "update-live-cpu",
        RUNNING,
        change(CpuShares=300, CpuPeriod=50000, CpuQuota=20000, CpusetCpus="0"),
        live("cpu/cpu.shares", "cpu/cpu.cfs_period_us", "cpu/cpu.cfs_quota_us", "cpuset/cpuset.cpus"),
        depends=("cgroup",),
    ),
    case(
        "update-live-nano",
        setup("run -d --cpus 0.5 --name {p} {base} sleep 600"),
        change(NanoCpus=3 * 10**8),
        live("cpu/cpu.cfs_period_us", "cpu/cpu.cfs_quota_us"),
        depends=("cgroup",),
    ),
    case(
        "update-live-pids",
        RUNNING,
        change(PidsLimit=9),
        live("pids/pids.max"),
        change(PidsLimit=-1),
        live("pids/pids.max"),
        depends=("cgroup",),
    ),
    case(
        "update-next-start",
        setup("run -d --name {p} {base} sleep 600"),
        setup("stop -t 0 {p}"),
        change(CpuShares=300, PidsLimit=9),
        setup("start {p}"),
        live("cpu/cpu.shares", "pids/pids.max"),
        depends=("cgroup",),
    ),
    case(
        "update-policy-acts",
        setup("run -d --name {p} {base} sh -c '[ -e /again ] && sleep 600; touch /again; sleep 1; exit 3'"),
        setup("update --restart on-failure:1 {p}"),
        setup("run --rm {base} sleep 2"),
        d("inspect -f '{{.State.Status}} {{.RestartCount}}' {p}"),
    ),
    case(
        "update-cli",
        RUNNING,
        d("update --cpus 0.5 --pids-limit 20 --restart on-failure:3 {p}"),
        d("update -m 100m --memory-swap -1 --memory-reservation 10m {p}"),
        KEPT,
        depends=ON_V1,
    ),
    case("update-cli-nothing", RUNNING, d("update {p}")),
    case("update-cli-some-missing", RUNNING, d("update --cpu-shares 20 {p} {p}-b")),
    case("update-cli-bad", RUNNING, d("update --restart nope {p}"), d("update --restart on-failure:x {p}")),
    case("update-cli-kernel-memory", RUNNING, d("update --kernel-memory 50m {p}")),
    case("update-cli-warning", RUNNING, d("update --blkio-weight 300 {p}"), depends=("cgroup", "kernel")),
    case(
        "update-event",
        RUNNING,
        setup("update --cpu-shares 100 {p}"),
        setup("run --rm {base} sleep 0.2"),
        d("events --since {t0} --until {now} --filter container={p} --format '{{.Action}} {{.Actor.Attributes.name}}'"),
    ),
    case(
        "update-old-version",
        RUNNING,
        post("/v1.39/containers/{p}/update", {"PidsLimit": 50}),
        d("inspect -f '{{json .HostConfig.PidsLimit}}' {p}"),
        get("/v1.39/containers/{p}/json", keys=("Name",)),
    ),
)
