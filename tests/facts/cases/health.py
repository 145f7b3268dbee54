"""Health checks: what they run, what becomes of the health, who is told.

The cases start several containers each and wait once. A check of `["CMD"]`, with no command behind it, is never asked
for here: Docker's daemon ends by it.
"""

from collections.abc import Iterable

from tests.facts.case import Docker, Step, case, d, get, post, setup

V = "/v1.51/containers"
SLOW = "--health-interval 1h"
ONCE = "--health-interval 1h --health-start-period 1h --health-start-interval 150ms"
FAST = "--health-interval 150ms"
SOON = 150_000_000
WAITED = setup("run --rm {base} sleep 1")
SEEN = "--format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.image}} {{.Actor.Attributes.exitCode}}'"


def named(of: str) -> str:
    """A name of the case's own."""
    return f"{{p}}-{of}" if of else "{p}"


def checked(options: str, command: str = "sleep 600", *, of: str = "") -> Docker:
    """A running container with a health check."""
    return setup(f"run -d --name {named(of)} {options} {{base}} {command}")


def asked(of: str, test: list[str], *, shell: list[str] | None = None, timeout: int = 0) -> Iterable[Step]:
    """The same by the API. timeout: nanoseconds."""
    health = {"Test": test, "Interval": SOON, "Timeout": timeout}
    body = {"Image": "{base}", "Cmd": ["sleep", "600"], "Healthcheck": health, "Shell": shell}
    yield post(f"{V}/create?name={named(of)}", body, recorded=False)
    yield post(f"{V}/{named(of)}/start", recorded=False)


def shown(template: str, of: str = "") -> Docker:
    return d(f"inspect -f '{template}' {named(of)}")


def known(of: str = "") -> Docker:
    """All of the health; null for none."""
    return shown("{{json .State.Health}}", of)


def status(of: str = "") -> Docker:
    return shown("{{.State.Health.Status}}", of)


def first(of: str) -> Docker:
    """The first result that is kept."""
    return shown('{{with index .State.Health.Log 0}}{{.ExitCode}} {{printf "%q" .Output}}{{end}}', of)


def cut(of: str) -> Docker:
    """The length and the end of the first output."""
    return shown("{{with index .State.Health.Log 0}}{{len .Output}} {{slice .Output 4090}}{{end}}", of)


def found(health: str, of: str = "") -> Docker:
    """Whether `ps` finds it so."""
    return d(f"ps -a --filter name={named(of)} --filter health={health} --format '{{{{.Names}}}}'")


def listed(of: str = "") -> Docker:
    return d(f"ps -a --filter name={named(of)} --format '{{{{.Status}}}}'")


def told(of: str = "") -> Docker:
    return d(
        f"events --since {{t0}} --until {{now}} --filter container={named(of)} --filter event=health_status {SEEN}"
    )


RESULTS: tuple[tuple[str, str], ...] = (
    ("both", "--health-cmd 'echo fine; sleep 0.1; echo bad >&2'"),
    ("fails", "--health-cmd 'echo no; exit 3'"),
    ("bytes", "--health-cmd 'printf \"a\\377b\\303\"'"),
    ("around", "--health-cmd 'id -u; pwd; echo $A $HOME' -u 12:34 -w /etc -e A=b"),
    ("terminal", "-t --health-cmd 'tty; echo two'"),
    ("late", "--health-cmd 'echo began; sleep 60' --health-timeout 200ms"),
    ("silent", "--health-cmd 'sleep 60' --health-timeout 300ms"),
)
COMMANDS: tuple[tuple[str, list[str]], ...] = (
    ("words", ["CMD", "echo", "$HOME", "a  b"]),
    ("shell-words", ["CMD-SHELL", "echo one", "echo two"]),
    ("not-found", ["CMD", "nope"]),
    ("not-a-program", ["CMD", "/etc/passwd"]),
)
NEVER: tuple[tuple[str, list[str]], ...] = (("none", ["NONE"]), ("empty", []), ("odd", ["ODD", "x"]))

CASES = (
    case(
        "health-starting",
        checked(f"--health-cmd true {SLOW}"),
        known(),
        listed(),
        *(found(health) for health in ("starting", "none", "healthy")),
        told(),
    ),
    case(
        "health-created",
        setup(f"create --name {{p}} --health-cmd true {SLOW} {{base}} true"),
        known(),
        found("none"),
        setup("start {p}"),
        setup("wait {p}"),
        known(),
        listed(),
        found("unhealthy"),
    ),
    case(
        "health-start-failed",
        d(f"run --name {{p}} --health-cmd true {SLOW} {{base}} nope", only="exit"),
        known(),
        found("none"),
    ),
    case(
        "health-never",
        *(step for of, test in NEVER for step in asked(of, test)),
        checked("--no-healthcheck", of="off"),
        *(step for of in ("none", "empty", "odd", "off") for step in (known(of), listed(of), found("none", of))),
        shown("{{json .Config.Healthcheck}}", "off"),
    ),
    case(
        "health-results",
        *(checked(f"{options} {FAST}", of=of) for of, options in RESULTS),
        *(step for of, test in COMMANDS for step in asked(of, test)),
        *asked("own-shell", ["CMD-SHELL", "said this"], shell=["/bin/echo", "as"]),
        *asked("quick", ["CMD", "sleep", "60"], timeout=1_250_000),
        checked("--health-cmd 'yes | head -c 6000' --health-interval 150ms", of="long"),
        checked("--health-cmd 'yes | head -c 4096' --health-interval 150ms", of="full"),
        checked("--health-cmd true --health-interval 50ms", of="bare"),
        setup("exec {p}-bare rm /bin/sh"),
        WAITED,
        *(first(of) for of, _ in (*RESULTS, *COMMANDS)),
        *(first(of) for of in ("own-shell", "quick")),
        *(cut(of) for of in ("long", "full")),
        shown('{{with index .State.Health.Log 4}}{{.ExitCode}} {{printf "%q" .Output}}{{end}}', "bare"),
    ),
    case(
        "health-becomes",
        checked("--health-cmd true --health-interval 50ms", of="good"),
        checked(f"--health-cmd false {FAST} --health-retries 2", of="bad"),
        checked(f"--health-cmd false {FAST} --health-retries 1 --health-start-period 1h", of="young"),
        checked(f"--health-cmd true {ONCE}", of="soon"),
        checked("--health-cmd 'sleep 60' --health-interval 100ms", of="busy"),
        WAITED,
        get(V + "/{p}-good/json", keys=("State",), schema=True),
        *(step for of in ("good", "bad", "soon") for step in (status(of), listed(of), told(of))),
        *(found(health) for health in ("starting", "unhealthy")),
        shown("{{.State.Health.Status}} {{.State.Health.FailingStreak}}", "young"),
        shown("{{len .ExecIDs}} {{.State.Health.Status}}", "busy"),
        shown("{{len .State.Health.Log}}", "good"),
    ),
    case(
        "health-turns",
        checked(f"--health-cmd 'test -e /well' {FAST} --health-retries 1"),
        WAITED,
        status(),
        setup("exec {p} touch /well"),
        WAITED,
        shown("{{.State.Health.Status}} {{.State.Health.FailingStreak}}"),
        told(),
    ),
    case(
        "health-ends",
        checked(f"--health-cmd true {ONCE}", of="stopped"),
        checked(f"--health-cmd true {FAST}", of="paused"),
        checked("--health-cmd true --health-interval 1h", of="woken"),
        checked("--health-cmd true --health-interval 700ms", of="again"),
        WAITED,
        setup("stop -t 0 {p}-stopped"),
        setup("pause {p}-paused {p}-woken"),
        setup("unpause {p}-woken"),
        status("woken"),
        listed("woken"),
        setup("restart -t 0 {p}-again"),
        shown("{{.State.Health.Status}} {{.State.Health.FailingStreak}} {{ne (len .State.Health.Log) 0}}", "again"),
        *(step for of in ("stopped", "paused") for step in (status(of), listed(of), found("unhealthy", of), told(of))),
        shown("{{.State.Health.FailingStreak}} {{len .State.Health.Log}}", "stopped"),
        setup("unpause {p}-paused"),
        WAITED,
        *(step for of in ("paused", "again") for step in (status(of), told(of))),
    ),
    case(
        "health-exec-events",
        checked(f"--health-cmd 'echo fine' {ONCE}"),
        WAITED,
        setup("kill {p}"),
        d(
            "events --since {t0} --until {now} --filter container={p} --filter event=exec_create "
            f"--filter event=exec_start --filter event=exec_die --filter event=health_status {SEEN}"
        ),
    ),
    case(
        "health-of-an-image",
        setup("create --name {p}-a {base} sleep 600"),
        setup("commit -c 'HEALTHCHECK --interval=150ms --retries=1 CMD exit 6' {p}-a {p}-image"),
        setup("run -d --name {p}-own {p}-image"),
        setup("run -d --name {p}-over --health-retries 7 --health-start-period 1m {p}-image"),
        setup("run -d --name {p}-off --no-healthcheck {p}-image"),
        WAITED,
        status("own"),
        first("own"),
        *(shown("{{json .Config.Healthcheck}}", of) for of in ("own", "over", "off")),
        known("off"),
    ),
    case(
        "health-of-what-restarts",
        checked(f"--restart always --health-cmd true {FAST}", "sleep 0.8"),
        WAITED,
        setup("stop -t 0 {p}"),
        status(),
    ),
    case("health-filters", d("ps --filter health=odd"), d("ps --filter health=")),
)
