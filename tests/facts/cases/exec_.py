"""exec: the CLI and its four requests."""

from tests.facts.case import Differs, case, d, get, post, setup
from tests.facts.cases.environment import CGROUP

UP = "run -d --name {p} {base} sleep 600"
V = "/v1.51"
CREATE = V + "/containers/{p}/exec"


def _created(**more: object) -> dict[str, object]:
    return {"AttachStdout": True, "AttachStderr": True, "Cmd": ["sh", "-c", "echo out; echo err >&2"]} | more


CASES = (
    case("exec", setup(UP), d("exec {p} echo hi")),
    case("exec-exit", setup(UP), d("exec {p} sh -c 'exit 6'")),
    case("exec-streams", setup(UP), d("exec {p} sh -c 'echo out; echo err >&2'")),
    case("exec-stdin", setup(UP), d("exec -i {p} cat", b"through\n")),
    case("exec-stdin-count", setup(UP), d("exec -i {p} wc -c", b"y" * 300_000)),
    case("exec-not-interactive", setup(UP), d("exec {p} cat", b"not read\n")),
    case("exec-not-found", setup(UP), d("exec {p} no-such-program")),
    case("exec-not-executable", setup(UP), d("exec {p} /bin/not-executable")),
    case("exec-signal", setup(UP), d("exec {p} sh -c 'kill -9 $$'")),
    case("exec-missing", d("exec {p} true")),
    case("exec-stopped", setup("create --name {p} {base} true"), d("exec {p} true"), post(CREATE, _created())),
    case("exec-exited", setup("run --name {p} {base} true"), d("exec {p} true")),
    case("exec-user", setup(UP), d("exec -u worker {p} id")),
    case("exec-user-unknown", setup(UP), d("exec -u stranger {p} id")),
    case("exec-user-number", setup(UP), d("exec -u 1234:29 {p} id")),
    case("exec-group-add", setup("run -d --name {p} --group-add 777 {base} sleep 600"), d("exec {p} id")),
    case("exec-workdir", setup(UP), d("exec -w /var/data {p} pwd")),
    case("exec-workdir-missing", setup(UP), d("exec -w /not/there {p} pwd")),
    case("exec-workdir-relative", setup(UP), d("exec -w not/there {p} pwd")),
    case(
        "exec-env",
        setup("run -d -h box --name {p} -e ONE=1 {base} sleep 600"),
        d("exec -e TWO=2 -e ONE=3 {p} env", unordered=True),
    ),
    case(
        "exec-rich-user-workdir",
        setup("run -d --name {p} {rich} sleep 600"),
        d("exec {p} sh -c 'id -un; pwd; echo $HOME'"),
    ),
    case(
        "exec-detached",
        setup(UP),
        d("exec -d {p} sh -c 'echo x > /tmp/mark'"),
        d("exec {p} sh -c 'sleep 1; cat /tmp/mark'"),
    ),
    case("exec-tty", setup(UP), d("exec -t {p} sh -c 'test -t 1 && echo tty; echo $TERM'")),
    case(
        "exec-capabilities",
        setup(UP),
        d("exec {p} grep -E 'Cap|NoNewPrivs|^Seccomp:' /proc/self/status"),
        depends=("capbnd",),
    ),
    case("exec-privileged", setup(UP), d("exec --privileged {p} grep CapEff /proc/self/status"), depends=("capbnd",)),
    case("exec-cgroup", setup(UP), d("exec {p} " + CGROUP), depends=("cgroup", "controllers")),
    case("exec-ppid", setup(UP), d("exec {p} grep PPid /proc/self/status")),
    case("exec-create", setup(UP), post(CREATE, _created())),
    case("exec-create-no-command", setup(UP), post(CREATE, {"AttachStdout": True})),
    case("exec-create-missing", post(CREATE, _created())),
    case("exec-create-bad-detach", setup(UP), post(CREATE, _created(DetachKeys="ctrl-%"))),
    case(
        "exec-start-attached",
        setup(UP),
        post(CREATE, _created(), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {}, upgrade=True),
        get(V + "/exec/{x}/json"),
    ),
    case(
        "exec-start-twice",
        setup(UP),
        post(CREATE, _created(), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {}, upgrade=True, recorded=False),
        post(V + "/exec/{x}/start", {}),
    ),
    case(
        "exec-start-detached",
        setup(UP),
        post(CREATE, _created(), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {"Detach": True}),
        d("exec {p} sleep 1"),
        get(V + "/exec/{x}/json"),
    ),
    case(
        "exec-start-tty",
        setup(UP),
        post(CREATE, _created(Tty=True), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {"Tty": True}, upgrade=True),
    ),
    case(
        "exec-start-not-found",
        setup(UP),
        post(CREATE, _created(Cmd=["no-such"]), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {}, upgrade=True),
        get(V + "/exec/{x}/json", keys=("ExitCode", "Running")),
    ),
    case(
        "exec-start-detached-not-found",
        setup(UP),
        post(CREATE, _created(Cmd=["no-such"]), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {"Detach": True}),
    ),
    case("exec-start-missing", post(V + "/exec/{p}/start", {}), get(V + "/exec/{p}/json")),
    case(
        "exec-start-gone",
        setup(UP),
        post(CREATE, _created(), recorded=False, save="x"),
        setup("rm -f {p}"),
        post(V + "/exec/{x}/start", {}),
        get(V + "/exec/{x}/json"),
    ),
    case(
        "exec-start-stopped",
        setup(UP),
        post(CREATE, _created(), recorded=False, save="x"),
        setup("kill {p}"),
        setup("wait {p}"),
        post(V + "/exec/{x}/start", {}),
    ),
    case(
        "exec-inspect-created",
        setup(UP),
        post(CREATE, _created(Env=["A=1"], User="worker", WorkingDir="/tmp"), recorded=False, save="x"),
        get(V + "/exec/{x}/json"),
    ),
    case("exec-resize-missing", post(V + "/exec/{p}/resize?h=1&w=1")),
    case(
        "exec-resize-not-started",
        setup(UP),
        post(CREATE, _created(Tty=True), recorded=False, save="x"),
        post(V + "/exec/{x}/resize?h=5&w=6"),
        differs=(Differs("0", "Docker waits ten seconds for the start; we keep the size for it"),),
    ),
    case(
        "exec-ids-in-inspect",
        setup(UP),
        post(CREATE, _created(), recorded=False, save="x"),
        d("inspect -f '{{len .ExecIDs}}' {p}"),
    ),
    case(
        "exec-console-size",
        setup(UP),
        post(CREATE, _created(Tty=True, ConsoleSize=[33, 99], Cmd=["stty", "size"]), recorded=False, save="x"),
        post(V + "/exec/{x}/start", {"Tty": True, "ConsoleSize": [33, 99]}, upgrade=True),
    ),
    case("exec-leftover-child", setup(UP), d("exec {p} sh -c 'sleep 0.5 > /dev/null 2>&1 < /dev/null & echo left'")),
)
