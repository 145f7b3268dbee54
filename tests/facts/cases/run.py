"""docker run: exit codes, output, input, options that the first issue builds."""

from tests.facts.case import Differs, case, d, setup

CASES = (
    case("run-exit-0", d("run --rm {base} true")),
    case("run-exit-3", d("run --rm {base} sh -c 'exit 3'")),
    case("run-exit-signal", d("run --rm {base} sh -c 'kill -9 $$'"), depends=()),
    case("run-exit-killed-by-child-signal", d("run --rm {base} sh -c 'sh -c \"kill -15 \\$\\$\"; exit $?'")),
    case("run-stdout-stderr", d("run --rm {base} sh -c 'echo out; echo err >&2'")),
    case("run-no-newline", d("run --rm {base} printf abc")),
    case("run-binary-output", d("run --rm {base} printf '\\000\\001\\377\\n'")),
    case("run-empty-output", d("run --rm {base} true")),
    case("run-many-lines", d("run --rm {base} seq 1 300")),
    case("run-default-command", d("run --rm -i {base}", b"echo from the shell\n")),
    case("run-stdin", d("run --rm -i {base} cat", b"one\ntwo\n")),
    case("run-stdin-not-interactive", d("run --rm {base} cat", b"one\ntwo\n")),
    case("run-stdin-counted", d("run --rm -i {base} wc -c", b"x" * 300_000)),
    case("run-stdin-early-exit", d("run --rm -i {base} head -n 1", b"first\n" + b"more\n" * 1000)),
    case("run-image-entrypoint", d("run --rm {rich}")),
    case("run-image-entrypoint-args", d("run --rm {rich} pwd")),
    case("run-entrypoint-override", d("run --rm --entrypoint id {rich} -u")),
    case("run-entrypoint-empty", d("run --rm --entrypoint '' {rich} id -un")),
    case("run-entrypoint-drops-cmd", d("run --rm --entrypoint echo {rich}")),
    case("run-not-found", d("run --rm {base} no-such-program")),
    case("run-not-found-path", d("run --rm {base} /no/such/program")),
    case("run-not-executable", d("run --rm {base} /bin/not-executable")),
    case("run-is-folder", d("run --rm {base} /etc")),
    case("run-bad-format", d("run --rm {base} /bin/bad-format")),
    case("run-entrypoint-not-found", d("run --rm --entrypoint /nope {base} x")),
    case(
        "run-failed-start-leaves-container",
        d("run --name {p} {base} no-such-program"),
        d("ps -a --filter name={p} --format '{{.Status}}'"),
        d("inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' {p}"),
    ),
    case("run-workdir-made", d("run --rm -w /not/there/yet {base} pwd")),
    case("run-workdir-relative", d("run --rm -w not/absolute {base} pwd")),
    case("run-workdir-is-file", d("run --rm -w /etc/motd {base} pwd")),
    case("run-env", d("run --rm -e A=1 -e B= -e 'C=two words' -e PATH=/bin {base} env", unordered=True)),
    case("run-env-order", d("run --rm -h box -e Z=1 -e A=2 {rich} env")),
    case("run-env-removed", d("run --rm -e NOT_SET_ANYWHERE {base} sh -c 'echo ${NOT_SET_ANYWHERE-unset}'")),
    case("run-env-tty-term", d("run --rm -t {base} sh -c 'echo $TERM'")),
    case("run-tty-both-streams", d("run --rm -t {base} sh -c 'echo out; echo err >&2'")),
    case("run-tty-without-terminal", d("run --rm -it {base} true")),
    case("run-hostname", d("run --rm -h box.example {base} sh -c 'hostname; cat /etc/hostname; echo $HOSTNAME'")),
    case("run-hostname-bad", d("run --rm -h -bad- {base} true")),
    case(
        "run-domainname",
        d(
            "run --rm -h box --domainname example.org {base} sh -c 'hostname; domainname 2>/dev/null; cat /proc/sys/kernel/domainname'"
        ),
    ),
    case("run-user-name", d("run --rm -u worker {base} sh -c 'id; echo $HOME; pwd'")),
    case("run-user-number", d("run --rm -u 1234 {base} sh -c 'id; echo $HOME'")),
    case("run-user-group", d("run --rm -u 1000:29 {base} id")),
    case("run-user-name-group-name", d("run --rm -u worker:audio {base} id")),
    case("run-user-unknown", d("run --rm -u nobody-here {base} id")),
    case("run-group-unknown", d("run --rm -u root:no-group {base} id")),
    case("run-user-out-of-range", d("run --rm -u 99999999999 {base} id")),
    case("run-group-add", d("run --rm --group-add audio --group-add 777 {base} id")),
    case("run-group-add-unknown", d("run --rm --group-add nothing {base} id")),
    case("run-detached", d("run -d --name {p} {base} sh -c 'echo hi; exit 4'"), d("wait {p}"), d("logs {p}")),
    case(
        "run-detached-rm",
        d("run -d --rm --name {p} {base} true"),
        d("run --rm {base} sleep 1"),
        d("ps -a --filter name={p} -q"),
    ),
    case("run-name-conflict", setup("create --name {p} {base} true"), d("run --name {p} {base} true")),
    case("run-image-missing", d("run --pull never --rm {p}/none:1 true")),
    case("run-cidfile", d("run --rm --cidfile {tmp}/cid {base} true"), d("run --rm --cidfile {tmp}/cid {base} true")),
    case("run-label", d("run -d --name {p} -l a=1 -l b {rich} true"), d("inspect -f '{{json .Config.Labels}}' {p}")),
    case(
        "run-read-only", d("run --rm --read-only {base} sh -c 'touch /x; touch /dev/shm/x && echo shm; touch /tmp/x'")
    ),
    case(
        "run-tmpfs",
        d(
            "run --rm --tmpfs /scratch:size=1m,mode=750 {base} sh -c 'stat -c \"%a %F\" /scratch; grep /scratch /proc/mounts'"
        ),
        depends=("kernel",),
    ),
    case(
        "run-bind",
        d("run --rm -v {tmp}:/here {base} sh -c 'echo data > /here/file; cat /here/file'"),
        d("run --rm -v {tmp}/file:/one:ro {base} sh -c 'cat /one; echo x > /one'"),
    ),
    case("run-bind-missing-made", d("run --rm -v {tmp}/made/deep:/here {base} sh -c 'stat -c \"%a %u %g\" /here'")),
    case("run-mount-missing", d("run --rm --mount type=bind,source={tmp}/none,target=/here {base} true")),
    case("run-bind-relative-target", d("run --rm -v {tmp}:here {base} true")),
    case("run-bind-root", d("run --rm -v {tmp}:/ {base} true")),
    case(
        "run-memory",
        d(
            "run --rm -m 64m {base} sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'"
        ),
        depends=("cgroup",),
    ),
    case("run-memory-too-small", d("run --rm -m 1m {base} true")),
    case("run-memory-swap-below", d("run --rm -m 64m --memory-swap 32m {base} true")),
    case(
        "run-cpus",
        d(
            "run --rm --cpus 0.5 {base} sh -c 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max'"
        ),
        depends=("cgroup", "controllers"),
    ),
    case("run-cpus-too-many", d("run --rm --cpus 4000 {base} true"), depends=("cpus",)),
    case(
        "run-pids-limit",
        d(
            "run --rm --pids-limit 7 {base} sh -c 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max'"
        ),
        depends=("cgroup",),
    ),
    case(
        "run-oom",
        d("run --name {p} -m 16m --memory-swap 16m {base} sh -c 'tail /dev/zero'"),
        d("inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' {p}"),
        depends=("cgroup", "swap"),
    ),
    case("run-network-none", d("run --rm --network none {base} sh -c 'ls /sys/class/net; cat /etc/hosts'")),
    case("run-network-host", d("run --rm --network host {base} sh -c 'test -e /sys/class/net/lo && echo lo'")),
    case("run-network-missing", d("run --rm --network {p}-nowhere {base} true")),
    case("run-bad-restart-with-rm", d("run --rm --restart always {base} true")),
    case("run-bad-flag", d("run --no-such-flag {base}"), depends=()),
    case("run-stop-signal-bad", d("run --rm --stop-signal NOSUCH {base} true")),
    case(
        "run-log-driver-bad",
        d("run --rm --log-driver nosuch {base} true"),
        differs=(Differs("0.stderr", "the text names our own drivers"),),
    ),
    case("run-log-none", d("run --name {p} --log-driver none {base} echo hi"), d("logs {p}")),
    case("run-attach-stderr-only", d("run --rm -a stderr {base} sh -c 'echo out; echo err >&2'")),
    case("run-sig-proxy-exit", d("run --rm {base} sh -c 'trap \"exit 5\" TERM; kill -TERM $$'")),
    case("run-init-pid1-ignores", d("run --rm {base} sh -c 'kill -TERM 1; echo still here'")),
    case("run-shell-pipe", d("run --rm {base} sh -c 'seq 1 1000 | tail -n 1'")),
    case("run-orphans-die", d("run --rm {base} sh -c 'sleep 1000 & echo done'")),
    case("run-cap-drop-all", d("run --rm --cap-drop ALL {base} grep Cap /proc/self/status"), depends=("capbnd",)),
    case(
        "run-ports-accepted",
        d("run -d --name {p} -p 127.0.0.1:18099:80 {base} sleep 60", only="exit"),
        d("inspect -f '{{json .HostConfig.PortBindings}} {{json .Config.ExposedPorts}}' {p}"),
    ),
)
