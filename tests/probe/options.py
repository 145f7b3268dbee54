"""The option sets under which Docker and Boxship are compared, as data."""

from __future__ import annotations

from dataclasses import dataclass

# A profile of a person's own: one of each kind of rule and of answer.
PROFILE = """{
  "defaultAction": "SCMP_ACT_ALLOW",
  "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
              {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
  "syscalls": [
    {"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
    {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_GE"}]},
    {"names": ["personality"], "action": "SCMP_ACT_LOG",
     "args": [{"index": 0, "value": 240, "valueTwo": 32, "op": "SCMP_CMP_MASKED_EQ"}]},
    {"names": ["socket"], "action": "SCMP_ACT_KILL_PROCESS", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]},
    {"names": ["reboot"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_BOOT"]}},
    {"names": ["swapon"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["ptrace"], "action": "SCMP_ACT_TRAP"}
  ]
}"""


@dataclass(frozen=True)
class Options:
    """One set: the words of `docker run`. other: another container runs beside it, called `{other}` in the words.

    exec: the words of `docker exec`, by which the probe is run in that container. depends: features of the machine
    (tests/probe/machine.py) that its devices and control groups hang on.
    """

    name: str
    words: str = ""
    other: bool = False
    exec: str | None = None
    depends: tuple[str, ...] = ()


OPTIONS = (
    Options("plain"),
    Options("terminal", "-t"),
    Options("standard-input", "-i"),
    Options("privileged", "--privileged", depends=("nodes", "capbnd")),
    Options("privileged-user", "--privileged --user 1000:1000", depends=("nodes", "capbnd")),
    Options("privileged-confined", "--privileged --security-opt seccomp={profile}", depends=("nodes", "capbnd")),
    Options("user-by-number", "--user 1000"),
    Options("user-by-name", "--user worker"),
    Options("user-and-group", "--user worker:audio --group-add extra --group-add 77"),
    Options("user-with-capability", "--user 1000 --cap-add NET_ADMIN"),
    Options("no-capabilities", "--cap-drop ALL"),
    Options("all-capabilities", "--cap-add ALL", depends=("capbnd",)),
    Options("all-but-one", "--cap-add ALL --cap-drop SYS_ADMIN", depends=("capbnd",)),
    Options("one-capability", "--cap-drop ALL --cap-add NET_BIND_SERVICE"),
    Options("administrator", "--cap-add SYS_ADMIN"),
    Options("tracer", "--cap-add SYS_PTRACE --cap-add SYS_NICE --cap-drop MKNOD"),
    Options("system-calls-free", "--security-opt seccomp=unconfined"),
    Options("own-system-calls", "--security-opt seccomp={profile}"),
    Options("own-system-calls-boot", "--security-opt seccomp={profile} --cap-add SYS_BOOT --cap-add SYS_ADMIN"),
    Options("no-new-privileges", "--security-opt no-new-privileges"),
    Options("no-new-privileges-user", "--security-opt no-new-privileges --user worker"),
    Options("paths-free", "--security-opt systempaths=unconfined"),
    Options("read-only", "--read-only"),
    Options("read-only-tmpfs", "--read-only --tmpfs /tmp --tmpfs /run:exec,size=1m,mode=0700"),
    Options("init", "--init"),
    Options("init-user", "--init --user 1000 --cap-drop ALL"),
    Options("host-processes", "--pid host"),
    Options("host-memory", "--ipc host"),
    Options("host-names", "--uts host"),
    Options("host-network", "--network host"),
    Options("host-cgroups", "--cgroupns host"),
    Options("own-cgroups", "--cgroupns private"),
    Options("no-memory", "--ipc none"),
    Options("others-processes", "--pid container:{other}", other=True),
    Options("others-memory", "--ipc container:{other}", other=True),
    Options("others-network", "--network container:{other}", other=True),
    Options("limits", "--ulimit nofile=1024:2048 --ulimit nproc=100 --ulimit core=0 --ulimit memlock=32768:65536"),
    Options(
        "resources",
        "--memory 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --pids-limit 77",
        depends=("swap",),
    ),
    Options("out-of-memory", "--oom-score-adj 500"),
    Options("sysctls", "--sysctl kernel.msgmax=9000 --sysctl net.ipv4.ip_default_ttl=5 --sysctl net.core.somaxconn=99"),
    Options("names", "--hostname h.example.org --domainname d.example.org"),
    Options("device", "--device /dev/zero:/dev/nought:r --device-cgroup-rule 'c 10:229 rw'"),
    Options("memory-size", "--shm-size 1m"),
    Options("folder", "--workdir /made/for/it"),
    Options("mounts", "-v {folder}:/a -v {folder}:/b:ro --mount type=tmpfs,target=/c,tmpfs-size=4096,tmpfs-mode=0750"),
    Options(
        "mounts-read-only",
        "--mount type=bind,src={folder},dst=/a,readonly,bind-recursive=readonly,bind-propagation=rprivate "
        "--mount type=bind,src={folder},dst=/b,readonly,bind-recursive=writable "
        "--mount type=bind,src={folder},dst=/c,readonly,bind-recursive=disabled",
    ),
    Options("throttled", "--device-read-bps {disk}:1mb --device-write-iops {disk}:100", depends=("disk",)),
    Options("host-users", "--userns host"),
    Options("privileged-read-only", "--privileged --read-only", depends=("nodes", "capbnd")),
    Options("joined", exec=""),
    Options("joined-privileged", exec="--privileged", depends=("capbnd",)),
    Options("joined-user", "--user worker --group-add extra", exec=""),
    Options("joined-as-user", exec="--user worker:audio -e A=1 -w /tmp"),
    Options("joined-confined", "--cap-drop ALL --security-opt no-new-privileges --read-only", exec=""),
    Options(
        "joined-confined-privileged",
        "--cap-drop ALL --security-opt seccomp={profile}",
        exec="--privileged",
        depends=("capbnd",),
    ),
    Options("joined-limits", "--ulimit nofile=100 --oom-score-adj 400 --pids-limit 50 --init", exec=""),
    Options("covered", "-v /dev/null:/etc/hosts -v {empty}:/dev/mqueue --tmpfs /dev/shm:size=2m"),
)
