"""Instructions of `import --change`: what Docker 28.5.2 made of each, and said to the wrong ones."""

from typing import Any

import pytest

from boxship.image.changes import apply_changes
from boxship.image.healthcheck import duration
from boxship.lib.errors import InvalidParameter

SHELL = ["/bin/sh", "-c"]

ACCEPTED: list[tuple[list[str], dict[str, Any]]] = [
    (['CMD ["a","b"]'], {"Cmd": ["a", "b"]}),
    (['cmd [ "x" ]'], {"Cmd": ["x"]}),
    (["CMD a"], {"Cmd": [*SHELL, "a"]}),
    (["  CMD  x  y "], {"Cmd": [*SHELL, "x  y"]}),
    (["CMD ['a']"], {"Cmd": [*SHELL, "['a']"]}),
    (['CMD ["a", "b"'], {"Cmd": [*SHELL, '["a", "b"']}),
    (["CMD"], {"Cmd": SHELL}),
    (["CMD []"], {}),
    (["CMD a", "ENTRYPOINT b"], {"Cmd": [*SHELL, "a"], "Entrypoint": [*SHELL, "b"]}),
    (["CMD a", "ENTRYPOINT []"], {"Cmd": [*SHELL, "a"]}),
    (["ENTRYPOINT"], {}),
    (["#x\nCMD y"], {"Cmd": [*SHELL, "y"]}),
    (["ENV A=1\nCMD x"], {"Env": ["A=1"], "Cmd": [*SHELL, "x"]}),
    (['ENV A=b C="d e"', "ENV X y z"], {"Env": ["A=b", "C=d e", "X=y z"]}),
    (["ENV A=1 A=2", "ENV A=3"], {"Env": ["A=3"]}),
    (["ENV A=$B"], {"Env": ["A="]}),
    (
        ["ENV A=1", "ENV B=$A C=${A:-x} D=${Q:-dflt} E=${A:+alt} F=\\$A G=\"a $A\" H='a $A' I=a\\ b"],
        {"Env": ["A=1", "B=1", "C=1", "D=dflt", "E=alt", "F=$A", "G=a 1", "H=a $A", "I=a b"]},
    ),
    (["ENV A b\\\nc"], {"Env": ["A=bc"]}),
    (["ENV a.b=1"], {"Env": ["a.b=1"]}),
    (['ENV "A B"=1'], {"Env": ["A B=1"]}),
    (['ENV A=a\\"b'], {"Env": ['A=a"b']}),
    (
        ["EXPOSE 80 53/udp 100-101"],
        {"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "100/tcp": {}, "101/tcp": {}}},
    ),
    (["EXPOSE 80-82/udp"], {"ExposedPorts": {"80/udp": {}, "81/udp": {}, "82/udp": {}}}),
    (["EXPOSE 1.2.3.4:8080:80/tcp"], {"ExposedPorts": {"80/tcp": {}}}),
    (["EXPOSE 8080:80"], {"ExposedPorts": {"80/tcp": {}}}),
    (["EXPOSE 80/TCP 80/sctp 0"], {"ExposedPorts": {"80/tcp": {}, "80/sctp": {}, "0/tcp": {}}}),
    (['LABEL a=b c="d"'], {"Labels": {"a": "b", "c": "d"}}),
    (['LABEL x="a\\nb" y=$A "k e y"=v'], {"Labels": {"x": "a\\nb", "y": "", "k e y": "v"}}),
    (["USER 1:2"], {"User": "1:2"}),
    (["USER a b"], {"User": "a b"}),
    (["VOLUME /a /b", 'VOLUME ["/c d"]'], {"Volumes": {"/a": {}, "/b": {}, "/c d": {}}}),
    (["WORKDIR x", "WORKDIR y"], {"WorkingDir": "/x/y"}),
    (["WORKDIR a/../b//c/"], {"WorkingDir": "/b/c"}),
    (["ONBUILD RUN ls"], {"OnBuild": ["RUN ls"]}),
    (["onbuild   run  ls  -l"], {"OnBuild": ["run  ls  -l"]}),
    (["STOPSIGNAL SIGTERM"], {"StopSignal": "SIGTERM"}),
    (["STOPSIGNAL sigkill"], {"StopSignal": "sigkill"}),
    (["STOPSIGNAL RTMIN+3"], {"StopSignal": "RTMIN+3"}),
    (["STOPSIGNAL 99"], {"StopSignal": "99"}),
    (["HEALTHCHECK NONE"], {"Healthcheck": {"Test": ["NONE"]}}),
    (['HEALTHCHECK CMD ["a","b"]'], {"Healthcheck": {"Test": ["CMD", "a", "b"]}}),
    (["HEALTHCHECK --retries=0 CMD x"], {"Healthcheck": {"Test": ["CMD-SHELL", "x"]}}),
    (["HEALTHCHECK --interval=0 CMD x"], {"Healthcheck": {"Test": ["CMD-SHELL", "x"]}}),
    (["HEALTHCHECK --interval=1m30s CMD x"], {"Healthcheck": {"Test": ["CMD-SHELL", "x"], "Interval": 90 * 10**9}}),
    (
        ["HEALTHCHECK --interval=5s --timeout=3s --start-period=1s --start-interval=1s --retries=3 CMD echo hi"],
        {
            "Healthcheck": {
                "Test": ["CMD-SHELL", "echo hi"],
                "Interval": 5 * 10**9,
                "Timeout": 3 * 10**9,
                "StartPeriod": 10**9,
                "StartInterval": 10**9,
                "Retries": 3,
            }
        },
    ),
    (
        ["ENV A=1", "EXPOSE $A", "WORKDIR /$A", "USER $A", "VOLUME /$A", "STOPSIGNAL $A", "CMD echo $A", "LABEL x=$A"],
        {
            "Env": ["A=1"],
            "ExposedPorts": {"1/tcp": {}},
            "WorkingDir": "/1",
            "User": "1",
            "Volumes": {"/1": {}},
            "StopSignal": "1",
            "Cmd": [*SHELL, "echo $A"],
            "Labels": {"x": "1"},
        },
    ),
]

REFUSED = [
    ("FOO bar", "FOO is not a valid change command"),
    ("run ls", "RUN is not a valid change command"),
    ("", "file with no instructions"),
    ("# comment", "file with no instructions"),
    ("USER", "USER requires exactly one argument"),
    ("USER --foo=x bar", "unknown flag: --foo"),
    ("ENV", "ENV requires at least one argument"),
    ("ENV A", "ENV must have two arguments"),
    ("ENV A=1 B", 'Syntax error - can\'t find = in "B". Must be of the form: name=value'),
    ("ENV =x", "ENV names can not be blank"),
    ('ENV A="b', 'failed to process "\\"b": unexpected end of statement while looking for matching double-quote'),
    ("ENV A=${B:?err}", 'failed to process "${B:?err}": B: err'),
    ("ENV A=${", "failed to process \"${\": syntax error: missing '}'"),
    ("LABEL", "LABEL requires at least one argument"),
    ("LABEL a", "LABEL must have two arguments"),
    ("EXPOSE", "EXPOSE requires at least one argument"),
    ("EXPOSE abc", "Invalid containerPort: abc"),
    ("EXPOSE 99999", "Invalid containerPort: 99999"),
    ("EXPOSE 90-80", "Invalid containerPort: 90-80"),
    ("EXPOSE 80/foo", "Invalid proto: foo"),
    ("VOLUME", "VOLUME requires at least one argument"),
    ('VOLUME [""]', "VOLUME specified can not be an empty string"),
    ("WORKDIR", "WORKDIR requires exactly one argument"),
    ('CMD ["a", 1]', "when using JSON array syntax, arrays must be comprised of strings only"),
    ("ONBUILD", "ONBUILD requires at least one argument"),
    ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
    ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
    ("ONBUILD MAINTAINER x", "MAINTAINER isn't allowed as an ONBUILD trigger"),
    ("STOPSIGNAL", "STOPSIGNAL requires exactly one argument"),
    ("STOPSIGNAL FOO", "invalid signal: FOO"),
    ("HEALTHCHECK", "HEALTHCHECK requires at least one argument"),
    ("HEALTHCHECK FOO", 'Unknown type "FOO" in HEALTHCHECK (try CMD)'),
    ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
    ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
    ("HEALTHCHECK --interval=abc CMD x", 'time: invalid duration "abc"'),
    ("HEALTHCHECK --interval=1us CMD x", 'Interval "interval" cannot be less than 1ms'),
    ("HEALTHCHECK --interval 5s CMD x", "missing a value on flag: --interval"),
    ("HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"),
    ("HEALTHCHECK --foo=1 CMD x", "unknown flag: --foo"),
]


@pytest.mark.parametrize(("changes", "config"), ACCEPTED)
def test_what_docker_makes_of_it(changes: list[str], config: dict[str, Any]) -> None:
    assert apply_changes(changes) == config


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_docker_says_to_it(change: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        apply_changes([change])
    assert caught.value.message == message


def test_changes_come_on_top_of_a_config() -> None:
    base = {"Env": ["A=1", "B=2"], "Labels": {"x": "1"}, "WorkingDir": "/a", "OnBuild": ["RUN a"]}
    changed = apply_changes(["ENV B=$A", "LABEL y=2", "WORKDIR b", "ONBUILD RUN b"], base)
    assert changed["Env"] == ["A=1", "B=1"]
    assert changed["Labels"] == {"x": "1", "y": "2"}
    assert (changed["WorkingDir"], changed["OnBuild"]) == ("/a/b", ["RUN a", "RUN b"])
    assert base["Labels"] == {"x": "1"}


@pytest.mark.parametrize(
    ("text", "ns"),
    [("0", 0), ("1h2m3s4ms5us6ns", 3723004005006), ("1.5h", 5400 * 10**9), ("-2s", -2 * 10**9), (".5s", 5 * 10**8)],
)
def test_durations(text: str, ns: int) -> None:
    assert duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "s", "1x", "1s2", "1 s", "--1s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidParameter):
        duration(text)
