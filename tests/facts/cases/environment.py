"""What a process finds inside a container."""

from tests.facts.case import Differs, case, d, setup

# Without the hierarchies that a container is not put into here: hugetlb is not mounted on every machine, and the
# unified one of a hybrid machine has no controllers. The engine's own part of the path is its own.
CGROUP = 'sh -c \'cut -d: -f2- /proc/self/cgroup | grep -vE "^(hugetlb|):" | sed -E "s#/(docker|boxship/[0-9a-f]+)/#/ENGINE/#" | sort\''

CASES = (
    case("in-env", d("run --rm -h box {base} env", unordered=True)),
    case("in-id", d("run --rm {base} id")),
    case("in-pid", d("run --rm {base} sh -c 'echo $$; cat /proc/1/comm; ls -d /proc/[0-9]*'")),
    case("in-ppid", d("run --rm {base} grep PPid /proc/self/status")),
    case("in-capabilities", d("run --rm {base} grep Cap /proc/self/status"), depends=("capbnd",)),
    case("in-capabilities-user", d("run --rm -u worker {base} grep Cap /proc/self/status"), depends=("capbnd",)),
    case("in-security", d("run --rm {base} grep -E 'NoNewPrivs|^Seccomp:' /proc/self/status")),
    case("in-groups", d("run --rm {base} grep -E 'Groups|Uid|Gid' /proc/self/status")),
    case("in-groups-user", d("run --rm -u worker {base} grep -E 'Groups|Uid|Gid' /proc/self/status")),
    case("in-umask", d("run --rm {base} sh -c umask")),
    case(
        "in-signals",
        d("run --rm {base} grep -E 'SigBlk|SigIgn|SigCgt|ShdPnd|SigPnd' /proc/self/status"),
        depends=("arch",),
    ),
    case(
        "in-devices",
        d("run --rm {base} sh -c 'cd /dev; for f in *; do stat -c \"%n %F %a %u:%g %t:%T\" $f; done'"),
        depends=("kernel",),
    ),
    case(
        "in-dev-links",
        d(
            "run --rm {base} sh -c 'cd /dev; for f in fd stdin stdout stderr ptmx core; do echo $f $(readlink $f); done'"
        ),
    ),
    case("in-devices-tty", d("run --rm -t {base} sh -c 'tty; stat -c \"%F %a %u:%g\" /dev/console; ls /dev/pts'")),
    case("in-tty-user", d("run --rm -t -u worker {base} sh -c 'tty; stat -c \"%a %u:%g\" $(tty)'")),
    case(
        "in-mounts",
        d("run --rm {base} sh -c 'cut -d\" \" -f2,3 /proc/mounts | grep -v hugetlb'"),
        depends=("cgroup", "controllers", "paths", "kernel"),
    ),
    case(
        "in-mount-options",
        d("run --rm {base} sh -c 'grep -vE \" (cgroup|overlay|ext4|xfs|btrfs) \" /proc/mounts'"),
        depends=("cgroup", "controllers", "paths", "kernel"),
    ),
    case(
        "in-proc-masked",
        d(
            "run --rm {base} sh -c 'cat /proc/kcore | wc -c; cat /proc/timer_list | wc -c; cat /proc/keys | wc -c; ls /proc/acpi /proc/scsi /sys/firmware'"
        ),
        depends=("paths",),
    ),
    case(
        "in-proc-readonly",
        d("run --rm {base} sh -c 'echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger; touch /proc/bus/x'"),
    ),
    case(
        "in-sys-readonly",
        d(
            "run --rm {base} sh -c 'touch /sys/x; mkdir /sys/fs/cgroup/x; mkdir /sys/fs/cgroup/memory/x; ls /sys | head -3'"
        ),
        depends=("cgroup",),
    ),
    case("in-shm", d("run --rm {base} sh -c 'grep /dev/shm /proc/mounts; stat -c %a /dev/shm'"), depends=("kernel",)),
    case("in-shm-size", d("run --rm --shm-size 8m {base} sh -c 'grep /dev/shm /proc/mounts'"), depends=("kernel",)),
    case(
        "in-ulimits",
        d("run --rm {base} sh -c 'cat /proc/self/limits'"),
        differs=(Differs("0.stdout", "limits are those of the daemon's starter"),),
    ),
    case("in-cgroup", d("run --rm {base} " + CGROUP), depends=("cgroup", "controllers")),
    case(
        "in-cgroup-list",
        d("run --rm {base} sh -c 'ls /sys/fs/cgroup | grep -v hugetlb'"),
        depends=("cgroup", "controllers", "kernel"),
    ),
    case("in-namespaces", d("run --rm {base} sh -c 'ls /proc/self/ns'"), depends=("kernel",)),
    case("in-hosts", d("run --rm -h box --network none {base} cat /etc/hosts")),
    case(
        "in-files-modes",
        d("run --rm {base} sh -c 'stat -c \"%n %a %u:%g %F\" /etc/hosts /etc/hostname /etc/resolv.conf'"),
    ),
    case("in-files-writable", d("run --rm -h box {base} sh -c 'echo x >> /etc/hostname && cat /etc/hostname'")),
    case("in-root", d("run --rm {base} ls -a /")),
    case("in-dockerenv", d("run --rm {base} sh -c 'test -e /.dockerenv && stat -c \"%a %s\" /.dockerenv'")),
    case("in-cwd", d("run --rm {base} pwd")),
    case("in-mount-refused", d("run --rm {base} mount -t tmpfs none /tmp")),
    case(
        "in-mknod",
        d(
            "run --rm {base} sh -c 'mknod /tmp/null c 1 3 && echo x > /tmp/null && echo ok; mknod /tmp/sda b 8 0 && head -c 1 /tmp/sda'"
        ),
        depends=("cgroup", "capbnd"),
    ),
    case("in-unshare-refused", d("run --rm {base} unshare -m true"), d("run --rm {base} unshare -U true")),
    case("in-chroot", d("run --rm {base} chroot / true"), depends=("capbnd",)),
    case(
        "in-ping-range",
        d("run --rm {base} cat /proc/sys/net/ipv4/ping_group_range /proc/sys/net/ipv4/ip_unprivileged_port_start"),
    ),
    case("in-clock-refused", d("run --rm {base} date -s 2030-01-01", only="exit")),
    case("in-hostname-set", d("run --rm {base} hostname other")),
    case("in-keyring", d("run --rm {base} sh -c 'cat /proc/keys | wc -l'")),
    case(
        "in-fds",
        d("run --rm {base} sh -c 'ls -1 /proc/self/fd | wc -l; for f in /proc/1/fd/*; do echo ${f##*/}; done'"),
    ),
    case("in-fds-tty", d("run --rm -t {base} sh -c 'readlink /proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2'")),
    case("in-stdin-null", d("run --rm {base} sh -c 'readlink /proc/1/fd/0'")),
    case("in-oom-score", d("run --rm {base} cat /proc/self/oom_score_adj")),
    case("in-time-namespace", d("run --rm {base} sh -c 'readlink /proc/1/ns/time | wc -l'")),
    case("in-home-root", d("run --rm {base} sh -c 'echo $HOME'")),
    case(
        "in-image-changes",
        setup("run --name {p} {base} sh -c 'echo new > /etc/motd; rm /var/data/one'"),
        d("start -a {p}"),
        d("inspect -f '{{.State.ExitCode}}' {p}"),
    ),
    case("in-whiteout", d("run --rm --entrypoint ls {rich} /var/data")),
    case(
        "in-loopback",
        d(
            "run --rm --network none {base} sh -c 'ip -o addr show lo | grep -c 127.0.0.1; nc -l -p 7 -e true & sleep 1; nc 127.0.0.1 7 </dev/null; echo $?'"
        ),
    ),
)
