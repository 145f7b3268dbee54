"""Templates against what Docker 28.5.2 printed for the same (`docker inspect -f` of a container, recorded by hand);
tests/api/test_cli_like_docker.py asks the docker CLI itself, for many more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.cli.objects import lookup
from boxship.cli.template.execute import execute
from boxship.cli.template.nodes import TemplateError
from boxship.cli.template.parse import parse
from boxship.cli.template.printing import printf

CONTAINER: dict[str, Any] = {
    "Name": "/x",
    "State": {"Status": "created", "Running": False, "ExitCode": 0},
    "Mounts": [
        {"Type": "bind", "Source": "/a", "Destination": "/b", "Mode": "", "RW": True, "Propagation": "rprivate"}
    ],
    "Config": {"Cmd": ["sleep", "1"], "Entrypoint": None, "Env": ["X=y"], "Labels": {"c": "d", "a": "b"}},
    "HostConfig": {
        "Binds": ["/a:/b"],
        "LogConfig": {"Type": "json-file", "Config": {}},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
        "Links": None,
        "MemorySwappiness": None,
        "Memory": 0,
    },
}


def render(text: str, value: Any = CONTAINER) -> str:
    return execute(parse(text), value, lookup)


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("{{.Name}} {{.State.Running}} {{.State.ExitCode}}", "/x false 0"),
        ("{{.Config.Labels}}", "map[a:b c:d]"),
        ("{{.Config.Labels.a}} {{.Config.Labels.zz}}", "b <no value>"),
        ('{{index .Config.Labels "a"}}|{{index .Config.Labels "zz"}}', "b|"),
        ("{{.Mounts}}", "[{bind  /a /b   true rprivate}]"),
        ("{{.HostConfig.RestartPolicy}} {{.HostConfig.LogConfig}}", "{no 0} {json-file map[]}"),
        ("{{.HostConfig.PortBindings}}", "map[80/tcp:[{ 8080}]]"),
        ("{{.HostConfig.MemorySwappiness}} {{.Config.Entrypoint}} {{.HostConfig.Tmpfs}}", "<nil> [] map[]"),
        ("{{.Config.Healthcheck}} {{.State.Health}}", "<nil> <nil>"),
        ("{{json .Config.Labels}} {{json .Config.Cmd}}", '{"c":"d","a":"b"} ["sleep","1"]'),
        ("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "a=b;c=d;"),
        ("{{range $i, $e := .Config.Cmd}}{{$i}}{{$e}}{{end}}", "0sleep11"),
        ("{{range .Config.Cmd}}{{.}},{{else}}none{{end}}", "sleep,1,"),
        ("{{range .HostConfig.Links}}x{{else}}none{{end}}", "none"),
        ("{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}", "02"),
        ('{{with .Config}}{{join .Cmd "-"}} {{$.Name}}{{end}}', "sleep-1 /x"),
        ('{{if .State.Running}}a{{else if eq .State.Status "created"}}b{{else}}c{{end}}', "b"),
        ("{{$x := 1}}{{range .Config.Cmd}}{{$x = .}}{{end}}{{$x}}", "1"),
        ('x{{- " y " -}} z', "x y z"),
        ("a {{- /* comment */ -}} b", "ab"),
        ('{{println 1 "a"}}{{print 1 2 "a" "b" 3}}', "1 a\n1 2ab3"),
        ('{{.Name | upper | printf "%s-%d" "a" | len}}', "16"),
        ("{{(index .Mounts 0).Source}}", "/a"),
        ('{{and 1 0}}{{or 0 "x"}}{{not 1}}', "0xfalse"),
        ("{{eq 1 2 1}}{{ne 1 2}}{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge 1 2}}", "truetruetruetruefalsefalse"),
        ('{{title "abc def"}} {{truncate "abcdef" 3}} {{pad "x" 2 3}}|{{split "a,b" ","}}', "Abc Def abc   x   |[a b]"),
        ("{{'a'}} {{1.5}} {{1e3}} {{0x1f}} {{`raw\\n`}}", "97 1.5 1000 31 raw\\n"),
    ],
)
def test_printed(template: str, printed: str) -> None:
    assert render(template) == printed


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{.Foo}}", 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'),
        ("ab\n{{.State.Foo}}", 'template: :2:8: executing "" at <.State.Foo>: map has no entry for key "Foo"'),
        (
            "{{.Name.Foo}}",
            'template: :1:7: executing "" at <.Name.Foo>: can\'t evaluate field Foo in type interface {}',
        ),
        (
            "{{index .Config.Env 99}}",
            'template: :1:2: executing "" at <index .Config.Env 99>: error calling index: index out of range: 99',
        ),
        (
            '{{eq 1 "a"}}',
            'template: :1:2: executing "" at <eq 1 "a">: error calling eq: '
            "incompatible types for comparison: int and string",
        ),
        ("{{nil}}", 'template: :1:2: executing "" at <nil>: nil is not a command'),
        ("{{.Foo", "template: :1: unclosed action"),
        ("{{foo}}", 'template: :1: function "foo" not defined'),
        ("{{if}}", "template: :1: missing value for if"),
        ("{{end}}", "template: :1: unexpected {{end}}"),
        ("{{range .Foo}}", "template: :1: unexpected EOF"),
        ('{{"a}}', "template: :1: unterminated quoted string"),
        ("{{$x}}", 'template: :1: undefined variable "$x"'),
        ("{{break}}", "template: :1: {{break}} outside {{range}}"),
    ],
)
def test_refused(template: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        render(template)
    assert str(refused.value) == message


@given(st.text(alphabet="{}.-$|()\"'`=: \nabif end range else with 012/*,", max_size=40))
def test_any_text_is_rendered_or_refused(text: str) -> None:
    try:
        render(text)
    except TemplateError:
        pass


@given(st.text(st.characters(exclude_characters="{"), max_size=30))
def test_text_without_actions_is_itself(text: str) -> None:
    assert render(text) == text


@given(st.text(), st.integers(), st.integers(0, 30))
def test_printf_as_python_formats(text: str, number: int, width: int) -> None:
    assert printf(f"%{width}d|%s|%-{width}s|%x", [number, text, text, abs(number)]) == (
        f"{number:{width}d}|{text}|{text:<{width}}|{abs(number):x}"
    )
