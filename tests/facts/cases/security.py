"""What confines a container: security options, namespaces, devices, limits, mounts; and what is refused."""

from typing import Any

from tests.facts.case import Case, Differs, case, d, post, setup

CREATE = "/v1.51/containers/create?name={p}"
# Docker makes such a container and fails to start it.
EARLIER = (
    Differs("0", "refused when it is asked for, not when it starts"),
    Differs("1", "so there is nothing to remove"),
)
AT_CREATE = (Differs("0.stderr.0", "refused by create, so without the runtime's part of the sentence"),)


def _run(name: str, options: str, command: str = "true", **facts: Any) -> Case:
    return case(f"security-{name}", d(f"run --rm --name {{p}} {options} {{base}} {command}"), **facts)


def _create(name: str, *, depends: tuple[str, ...] = (), **host: object) -> Case:
    question = post(CREATE, {"Image": "{base}", "HostConfig": host})
    return case(f"security-{name}", question, d("rm -f {p}"), depends=depends)


def _earlier(name: str, **host: object) -> Case:
    return case(
        f"security-{name}", post(CREATE, {"Image": "{base}", "HostConfig": host}), d("rm -f {p}"), differs=EARLIER
    )


def _settled(name: str, fields: str, *, depends: tuple[str, ...] = (), **host: object) -> Case:
    shown = " ".join(f"{{{{json .HostConfig.{field}}}}}" for field in fields.split())
    return case(
        f"security-{name}",
        post(CREATE, {"Image": "{base}", "HostConfig": host}),
        d(f"inspect -f '{shown}' {{p}}"),
        d("rm -f {p}"),
        depends=depends,
    )


_STATUS = "grep -E 'Cap|NoNew|Seccomp:' /proc/self/status"
# Without an option that hangs on how the kernel was built.
_MOUNT = 'sort -k 5 /proc/self/mountinfo | grep -E " /(x|y) " | sed s/,inode64//'
_OTHER = "run -d --name {p}-other {base} sleep 1000"

CASES = (
    # Options of --security-opt.
    _create("option-unknown", SecurityOpt=["foo=bar"]),
    _create("option-word", SecurityOpt=["foo"]),
    _create("option-empty", SecurityOpt=[""]),
    _create("option-no-new-privileges-maybe", SecurityOpt=["no-new-privileges=maybe"]),
    _run("no-new-privileges", "--security-opt no-new-privileges", _STATUS, depends=("capbnd",)),
    _run("no-new-privileges-false", "--security-opt no-new-privileges=false", _STATUS, depends=("capbnd",)),
    _run("no-new-privileges-colon", "--security-opt no-new-privileges:true", _STATUS, depends=("capbnd",)),
    _run("seccomp-missing-file", "--security-opt seccomp=/no/where.json"),
    _earlier("seccomp-not-json", SecurityOpt=["seccomp={nonsense"]),
    _create("seccomp-empty-object", SecurityOpt=["seccomp={}"]),
    _run("seccomp-builtin", "--security-opt seccomp=builtin", _STATUS, depends=("capbnd",)),
    _run("seccomp-unconfined", "--security-opt seccomp=unconfined", _STATUS, depends=("capbnd",)),
    _run("seccomp-colon", "--security-opt seccomp:unconfined", _STATUS, depends=("capbnd",)),
    _run("systempaths-unconfined", "--security-opt systempaths=unconfined", "sh -c 'grep -c \" /proc\" /proc/mounts'"),
    _run("systempaths-other", "--security-opt systempaths=foo"),
    _run("label-empty", "--security-opt label="),
    _run(
        "writable-cgroups",
        "--security-opt writable-cgroups=true",
        "sh -c 'grep cgroup /proc/mounts | grep -v hugetlb | cut -d, -f1 | sort | uniq -c | grep -c rw'",
        depends=("cgroup",),
    ),
    _settled(
        "option-kept", "SecurityOpt", SecurityOpt=["no-new-privileges", "seccomp=unconfined", "apparmor=unconfined"]
    ),
    _settled("option-host-pid", "SecurityOpt PidMode", PidMode="host"),
    _settled("option-host-ipc", "SecurityOpt IpcMode", IpcMode="host"),
    _settled("option-privileged", "SecurityOpt MaskedPaths ReadonlyPaths CapAdd", Privileged=True),
    case(
        "security-option-privileged-label",
        post(CREATE, {"Image": "{base}", "HostConfig": {"Privileged": True, "SecurityOpt": ["label=type:x_t"]}}),
        d("inspect -f '{{json .HostConfig.SecurityOpt}}' {p}"),
        d("rm -f {p}"),
        differs=(Differs("0.body.Warnings", "a label that has no effect is said"),),
    ),
    # Capabilities.
    _create("capability-unknown-drop", CapDrop=["NOPE"]),
    _create("capability-empty", CapAdd=[""]),
    _settled("capability-names", "CapAdd CapDrop", CapAdd=["net_admin", "CAP_SYS_TIME", "all"], CapDrop=["Mknod"]),
    _run("capability-lower-case", "--cap-add net_admin --cap-drop cap_mknod", _STATUS, depends=("capbnd",)),
    _run(
        "capability-twice",
        "--cap-add NET_ADMIN --cap-add CAP_NET_ADMIN --cap-drop NET_ADMIN",
        _STATUS,
        depends=("capbnd",),
    ),
    _run("capability-add-and-drop-all", "--cap-add ALL --cap-drop ALL", _STATUS, depends=("capbnd",)),
    _run("capability-drop-all-add-one", "--cap-drop ALL --cap-add CHOWN", _STATUS, depends=("capbnd",)),
    _run(
        "capability-privileged-drop",
        "--privileged --cap-drop ALL",
        "grep -E Cap /proc/self/status",
        depends=("capbnd",),
    ),
    _run("capability-missing-here", "--cap-add SYS_RESOURCE", _STATUS, depends=("capbnd",)),
    # Users and groups.
    _run("user-negative", "--user -1", "id"),
    _run("user-too-big", "--user 4294967296", "id"),
    _run("user-highest", "--user 2147483647", "id"),
    _run("user-just-too-high", "--user 2147483648", "id"),
    _run("user-only-group", "--user :audio", "id"),
    _run("user-empty-group", "--user 1000:", "id"),
    _run("user-unknown-group", "--user worker:nope", "id"),
    _run("user-number-group-number", "--user 7:8", "id"),
    _run("user-with-spaces", "--user 'a b'", "id"),
    _run("groups", "--group-add audio --group-add 99 --group-add audio", "id"),
    _run("groups-of-a-user", "--user worker --group-add bin", "id"),
    _run("groups-unknown", "--group-add nope", "id"),
    _run("groups-negative", "--group-add -5", "id"),
    _run("groups-too-big", "--group-add 4294967296", "id"),
    _earlier("groups-empty", GroupAdd=[""]),
    # Sysctls.
    _run(
        "sysctl",
        "--sysctl kernel.shmmax=65536 --sysctl fs.mqueue.msg_max=11",
        "sh -c 'cat /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max'",
    ),
    _earlier("sysctl-of-the-host", Sysctls={"vm.swappiness": "1"}),
    _earlier("sysctl-nonsense", Sysctls={"nonsense": "1"}),
    _earlier("sysctl-hostname", Sysctls={"kernel.hostname": "x"}),
    _create("sysctl-domainname", Sysctls={"kernel.domainname": "x"}),
    _run(
        "sysctl-missing",
        "--sysctl net.no_such_thing=1",
        differs=(Differs("0.stderr.0", "runc tells how it opens /proc"),),
    ),
    _run(
        "sysctl-bad-value",
        "--sysctl net.core.somaxconn=many",
        differs=(Differs("0.stderr.0", "runc tells how it opens /proc"),),
    ),
    _run("sysctl-host-network", "--network host --sysctl net.core.somaxconn=9", differs=AT_CREATE),
    _run("sysctl-host-ipc", "--ipc host --sysctl kernel.shmmax=9", differs=AT_CREATE),
    _run(
        "sysctl-slashes",
        "--sysctl net.ipv4.conf.lo/x.forwarding=1",
        differs=(Differs("0.stderr.0", "runc tells how it opens /proc"),),
    ),
    # Limits of processes.
    _earlier("ulimit-unknown", Ulimits=[{"Name": "nope", "Soft": 1, "Hard": 2}]),
    _earlier("ulimit-soft-above", Ulimits=[{"Name": "nofile", "Soft": 9, "Hard": 2}]),
    _run("ulimit-above-the-hosts", "--ulimit nofile=1073741816:1073741816", depends=("capbnd",)),
    _run("ulimit-one-number", "--ulimit nofile=77", "sh -c 'ulimit -Sn; ulimit -Hn'"),
    _run("ulimit-core-off", "--ulimit core=0:0", "sh -c 'ulimit -Sc; ulimit -Hc'"),
    _run("oom-score", "--oom-score-adj 300", "cat /proc/self/oom_score_adj"),
    _create("oom-score-too-big", OomScoreAdj=1001),
    _create("oom-score-too-small", OomScoreAdj=-1001),
    _settled("pids-none", "PidsLimit", PidsLimit=-1),
    _settled("pids-zero", "PidsLimit", PidsLimit=0),
    # Namespaces.
    _earlier("userns-bad", UsernsMode="sideways"),
    _settled("userns-host", "UsernsMode", UsernsMode="host"),
    _earlier("userns-container", UsernsMode="container:x"),
    _create("uts-bad", UTSMode="sideways"),
    _create("uts-container", UTSMode="container:x"),
    _create("cgroupns-bad", CgroupnsMode="sideways"),
    _create("pid-container-empty", PidMode="container:"),
    _create("pid-container-missing", PidMode="container:no-such-thing"),
    _create("ipc-container-missing", IpcMode="container:no-such-thing"),
    _earlier("ipc-container-empty", IpcMode="container:"),
    _run("hostname-and-host-uts", "--uts host --hostname x"),
    _run("hostname-and-joined-network", "--network container:x --hostname x"),
    case(
        "security-join-private-ipc",
        setup(_OTHER),
        d("run --rm --name {p} --ipc container:{p}-other {base} true"),
        d("rm -f {p}-other"),
    ),
    case(
        "security-join-shared-memory",
        setup("run -d --name {p}-other --ipc shareable {base} sh -c 'echo ours >/dev/shm/x; sleep 1000'"),
        d(
            "run --rm --name {p} --ipc container:{p}-other {base} sh -c 'until [ -s /dev/shm/x ]; do :; done; cat /dev/shm/x; echo more >>/dev/shm/x'"
        ),
        d("exec {p}-other cat /dev/shm/x"),
        d("rm -f {p}-other"),
    ),
    case(
        "security-join-not-running",
        setup("create --name {p}-other {base} true"),
        setup("create --name {p}-pid --pid container:{p}-other {base} true"),
        setup("create --name {p}-ipc --ipc container:{p}-other {base} true"),
        setup("create --name {p}-net --network container:{p}-other {base} true"),
        post("/v1.51/containers/{p}-pid/start"),
        post("/v1.51/containers/{p}-ipc/start"),
        post("/v1.51/containers/{p}-net/start"),
        d("rm -f {p}-pid {p}-ipc {p}-net {p}-other"),
    ),
    case(
        "security-join-pid",
        setup(_OTHER),
        d('run --rm --name {p} --pid container:{p}-other {base} sh -c \'tr "\\0" " " </proc/1/cmdline\''),
        d("rm -f {p}-other"),
    ),
    case(
        "security-join-stopped",
        setup("create --name {p}-other {base} true"),
        d("run --name {p} --pid container:{p}-other {base} true"),
        d("inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' {p}"),
        d("rm -f {p} {p}-other"),
    ),
    case(
        "security-join-by-id",
        setup(_OTHER),
        d("create --name {p} --pid container:{p}-other --network container:{p}-other {base} true"),
        d("inspect -f '{{.HostConfig.PidMode}} {{.HostConfig.NetworkMode}}' {p}"),
        d("rm -f {p} {p}-other"),
    ),
    case(
        "security-join-network-hostname",
        setup("run -d --name {p}-other --hostname one.example.org {base} sleep 1000"),
        d(
            "run --rm --name {p} --network container:{p}-other {base} sh -c 'hostname; echo $HOSTNAME; cat /etc/hostname'"
        ),
        d("rm -f {p}-other"),
    ),
    _run("host-uts", "--uts host", "sh -c 'echo $HOSTNAME | wc -c'"),
    # Devices.
    _run("device-missing", "--device /dev/no-such"),
    _run("device-not-one", "--device /etc/passwd"),
    _run("device-mode", "--device /dev/zero:/dev/x:m", "sh -c 'stat -c \"%F %a\" /dev/x; head -c 1 /dev/x | wc -c'"),
    _run("device-mode-bad", "--device /dev/zero:/dev/x:q"),
    _earlier(
        "device-mode-bad-api", Devices=[{"PathOnHost": "/dev/zero", "PathInContainer": "/x", "CgroupPermissions": "q"}]
    ),
    _run("device-same", "--device /dev/null", "stat -c '%F %a %t:%T' /dev/null"),
    _earlier("device-rule-bad", DeviceCgroupRules=["nonsense"]),
    _earlier("device-rule-bad-access", DeviceCgroupRules=["c 1:3 q"]),
    _earlier("device-rule-bad-type", DeviceCgroupRules=["x 1:3 r"]),
    _earlier("device-request", DeviceRequests=[{"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu"]]}]),
    _run("gpus", "--gpus all", differs=(Differs("0.stderr", "with a hint"),)),
    # Paths.
    _run("masked", "", "sh -c 'cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware | wc -l'", depends=("paths",)),
    case(
        "security-masked-own",
        post(
            CREATE,
            {
                "Image": "{base}",
                "Cmd": ["sh", "-c", "cat /etc/motd; ls /var; touch /bin/x"],
                "HostConfig": {"MaskedPaths": ["/etc/motd", "/var", "/no/such"], "ReadonlyPaths": ["/bin"]},
            },
        ),
        d("start -a {p}"),
        d("inspect -f '{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}}' {p}"),
        d("rm -f {p}"),
    ),
    _settled("masked-none", "MaskedPaths ReadonlyPaths", MaskedPaths=[], ReadonlyPaths=[]),
    _earlier("masked-relative", MaskedPaths=["etc/motd"]),
    _run("read-only", "--read-only", "sh -c 'touch /x; touch /dev/shm/x && echo made; touch /etc/hosts'"),
    # Mounts.
    _run(
        "tmpfs-options",
        "--tmpfs /x:size=1m,mode=1700,uid=5,gid=6,exec --tmpfs /y:ro",
        f'sh -c \'{_MOUNT} | cut -d" " -f5-; stat -c "%a %u:%g" /x\'',
    ),
    _run(
        "tmpfs-mount",
        "--mount type=tmpfs,dst=/x,tmpfs-size=65536,tmpfs-mode=0711,readonly",
        f"sh -c '{_MOUNT} | cut -d\" \" -f5-'",
    ),
    _run("tmpfs-nr-inodes", "--tmpfs /x:nr_inodes=5,nr_blocks=10", f"sh -c '{_MOUNT} | cut -d\" \" -f5-'"),
    _run("tmpfs-duplicate", "--tmpfs /x --tmpfs /x:size=1m"),
    _run("tmpfs-relative", "--tmpfs x"),
    _run("tmpfs-and-bind", "--tmpfs /x -v /srv:/x"),
    _run("bind-read-only", "-v /srv:/x:ro", f"sh -c '{_MOUNT} | cut -d\" \" -f5-6; touch /x/y'"),
    _run("bind-recursive-read-only", "--mount type=bind,src=/srv,dst=/x,readonly,bind-recursive=readonly"),
    _run(
        "bind-recursive-read-only-private",
        "--mount type=bind,src=/srv,dst=/x,readonly,bind-recursive=readonly,bind-propagation=rprivate",
        "touch /x/y",
    ),
    _run(
        "bind-recursive-read-only-writable",
        "--mount type=bind,src=/srv,dst=/x,bind-recursive=readonly,bind-propagation=rprivate",
    ),
    _run(
        "bind-recursive-disabled",
        "--mount type=bind,src=/srv,dst=/x,bind-recursive=disabled",
        f"sh -c '{_MOUNT} | cut -d\" \" -f5-6'",
    ),
    _run("bind-recursive-bad", "--mount type=bind,src=/srv,dst=/x,bind-recursive=maybe"),
    _create(
        "bind-read-only-both",
        Mounts=[
            {
                "Type": "bind",
                "Source": "/srv",
                "Target": "/x",
                "ReadOnly": True,
                "BindOptions": {
                    "ReadOnlyNonRecursive": True,
                    "ReadOnlyForceRecursive": True,
                    "Propagation": "rprivate",
                },
            }
        ],
    ),
    _create(
        "bind-force-without-read-only",
        Mounts=[
            {
                "Type": "bind",
                "Source": "/srv",
                "Target": "/x",
                "BindOptions": {"ReadOnlyForceRecursive": True, "Propagation": "rprivate"},
            }
        ],
    ),
    _create(
        "bind-force-shared",
        Mounts=[
            {
                "Type": "bind",
                "Source": "/srv",
                "Target": "/x",
                "ReadOnly": True,
                "BindOptions": {"ReadOnlyForceRecursive": True, "Propagation": "rshared"},
            }
        ],
    ),
    _create(
        "bind-non-recursive-read-only",
        Mounts=[
            {
                "Type": "bind",
                "Source": "/srv",
                "Target": "/x",
                "ReadOnly": False,
                "BindOptions": {"ReadOnlyNonRecursive": True},
            }
        ],
    ),
    _create(
        "bind-propagation-bad",
        Mounts=[{"Type": "bind", "Source": "/srv", "Target": "/x", "BindOptions": {"Propagation": "sideways"}}],
    ),
    _create("bind-over-root", Binds=["/srv:/"]),
    _create("mount-over-root", Mounts=[{"Type": "tmpfs", "Target": "/"}]),
    _run("bind-label", "-v /srv:/x:z -v /srv:/y:ro,Z", f"sh -c '{_MOUNT} | cut -d\" \" -f5-6'"),
    _create("bind-label-both", Binds=["/srv:/x:z,Z"]),
    # Limits of the control group.
    _create("blkio-weight-bad", depends=("cgroup", "kernel"), BlkioWeight=5),
    _create("blkio-device-missing", BlkioDeviceReadBps=[{"Path": "/dev/no-such", "Rate": 1024}]),
    _create("cpu-realtime", depends=("controllers", "kernel"), CpuRealtimePeriod=1000000, CpuRealtimeRuntime=950000),
    case(
        "security-cpu-percent",
        post(CREATE, {"Image": "{base}", "HostConfig": {"CpuPercent": 5, "CpuCount": 1}}),
        d("inspect -f '{{.HostConfig.CpuPercent}} {{.HostConfig.CpuCount}}' {p}"),
        d("rm -f {p}"),
        differs=(Differs("0.body.Warnings", "a count of processors that has no effect is said, too"),),
    ),
    _create("cpu-shares-negative", CpuShares=-5),
    _earlier("cpu-shares-one", CpuShares=1),
    _create("cpu-nano-negative", depends=("cpus",), NanoCpus=-5),
    _create("cpuset-mems-absent", CpusetMems="7"),
    _settled("memory-swappiness", "MemorySwappiness", depends=("cgroup",), MemorySwappiness=50),
    _create("memory-swappiness-bad", depends=("cgroup",), MemorySwappiness=500),
    _settled("oom-kill-disable", "OomKillDisable", depends=("cgroup",), OomKillDisable=True, Memory=67108864),
    _settled("memory-swap", "Memory MemorySwap", Memory=67108864, MemorySwap=-1),
    _create("io-maximum", IOMaximumBandwidth=5),
    _create("storage-option", StorageOpt={"size": "1G"}),
    _create("shm-size-bad", ShmSize=-5),
    _create("annotation-empty", Annotations={"": "x"}),
    _create("runtime-empty-name", Runtime=""),
    _earlier("cgroup-field", Cgroup="container:x"),
    _create("isolation-default", Isolation="default"),
    _create("console-size", ConsoleSize=[5]),
)
