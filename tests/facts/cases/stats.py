"""stats: the shape of the figures, and what is said where there are none."""

from tests.facts.case import case, get, quiet, setup

V = "/v1.51/containers/{p}/stats"
SLEEPER = setup("run -d --name {p} --network none --memory 64m --pids-limit 50 {base} sleep 60")
# So that the program lies in the page cache, and is no disk access of the container's.
WARM = quiet("run --rm --network none {base} sleep 0.01")
KERNEL = ("cgroup", "controllers", "swap", "cpus")

CASES = (
    case("stats-missing", get(V), get(f"{V}?stream=0")),
    case("stats-both", SLEEPER, get(f"{V}?stream=1&one-shot=1"), get(f"{V}?one-shot=1")),
    case("stats-created", setup("create --name {p} {base} true"), get(f"{V}?stream=0")),
    case("stats-created-one-shot", setup("create --name {p} {base} true"), get(f"{V}?stream=0&one-shot=1")),
    case("stats-exited", setup("run --name {p} {base} true"), get(f"{V}?stream=0")),
    case("stats-running", WARM, SLEEPER, get(f"{V}?stream=0", schema=True), depends=KERNEL),
    case("stats-running-one-shot", WARM, SLEEPER, get(f"{V}?stream=0&one-shot=1", schema=True), depends=KERNEL),
)
