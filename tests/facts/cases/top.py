"""top: the arguments of ps, its titles, its errors. What ps itself prints hangs on the host's."""

from tests.facts.case import case, d, get, setup

V = "/v1.51/containers"
SLEEPER = setup("run -d --name {p} {base} sleep 600")

CASES = (
    case("top", SLEEPER, get(V + "/{p}/top", schema=True)),
    case("top-cli-columns", SLEEPER, d("top {p} -o user,comm,args,pid", only="exit")),
    case("top-titles", SLEEPER, d("top {p} -o comm,pid=PID", only="exit")),
    case("top-missing", get(V + "/{p}/top"), d("top {p}")),
    case("top-created", setup("create --name {p} {base} true"), get(V + "/{p}/top"), d("top {p}")),
    case("top-exited", setup("run --name {p} {base} true"), d("top {p}")),
    case("top-no-pid", SLEEPER, get(V + "/{p}/top?ps_args=-o%20comm"), d("top {p} -o comm")),
    case("top-pid-hidden", SLEEPER, get(V + "/{p}/top?ps_args=-o%20pid%3D")),
    case("top-forged-pid", SLEEPER, get(V + "/{p}/top?ps_args=-o%20comm%3DPID"), d("top {p} -o ppid=PID,pid")),
    case("top-forged-longer", SLEEPER, get(V + "/{p}/top?ps_args=-eo%20comm%3D%20PIDX")),
    case("top-bad-option", SLEEPER, get(V + "/{p}/top?ps_args=--nosuch"), d("top {p} --nosuch")),
    case("top-other-blank", SLEEPER, get(V + "/{p}/top?ps_args=%C2%A0-o")),
    case("top-none-of-ours", SLEEPER, get(V + "/{p}/top?ps_args=-p%201%20-o%20pid,comm")),
    case("top-comm", SLEEPER, get(V + "/{p}/top?ps_args=-o%20comm,pid", schema=True)),
    case("top-threads", SLEEPER, get(V + "/{p}/top?ps_args=-m%20-o%20pid,comm", schema=True)),
    case("top-heading-words", SLEEPER, get(V + "/{p}/top?ps_args=o%20pid,cmd%3D", schema=True)),
    case(
        "top-event",
        SLEEPER,
        setup("top {p}"),
        setup("run --rm {base} sleep 0.2"),
        d("events --since {t0} --until {now} --filter container={p} --format '{{.Action}}'"),
    ),
)
