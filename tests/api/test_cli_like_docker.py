"""Our command line beside the docker CLI, on the same engine: the same words, the same exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.cli import Cli, Said

BASE = "bx/base:1"


@pytest.fixture(scope="module")
def subject(engine: object, docker: Cli) -> Iterator[str]:
    """A container that has a bit of everything and does not change."""
    name = "cli-subject"
    docker("rm", "-f", name)
    flags = [
        "-l",
        "kind=one",
        "-l",
        "com.example.my-key=a<b>&c",
        "-e",
        "X=y",
        "-e",
        "Z=1",
        "-v",
        "/tmp:/x",
        "-m",
        "64m",
    ]
    docker("create", "--name", name, *flags, BASE, "sh", "-c", "echo a very long command line indeed").succeeded()
    yield name
    docker("rm", "-f", name)


def _alike(said: Said) -> tuple[int, str, str]:
    """What a command said, without the program's name and what depends on the moment."""
    words = []
    for text in (said.text, said.error):
        text = re.sub(r"\bboxship(?= |:)", "docker", text).replace("SRun", "Run")
        text = re.sub(r"(Less than a second|About an? (minute|hour)|\d+ (second|minute)s?) ago", "AGO", text)
        text = re.sub(r"(?m) +$", "", re.sub(r"(?<=\S)   +", "   ", text))
        text = "\n".join(line for line in text.splitlines() if "did you mean" not in line)
        words.append(text)
    return said.code, words[0], words[1]


COMMANDS = [
    "ps -a",
    "ps -a --no-trunc",
    "ps -aq",
    "ps -aq --no-trunc",
    "ps -as",
    "ps -n 1",
    "ps -l",
    "ps -a --filter name=SUBJECT",
    "ps -a --filter label=kind=one --format {{.Names}}",
    "ps -a --filter status=odd",
    "ps --filter foo",
    "ps --filter foo=bar",
    "ps -a --format json",
    "ps -a --format {{json_.}}",
    "ps -a --format table",
    "ps -a --format raw",
    "ps -a --format table_{{.Names}}\\t{{.State}}\\t{{.Image}}",
    'ps -a --format table_{{.Label_"com.example.my-key"}}\\t{{upper_.State}}|{{json_.ID}}',
    "ps -a --format {{.Names}}:{{.Command}}:{{.Labels}}:{{.Mounts}}:{{.Networks}}:{{.Ports}}:{{.Size}}",
    "ps -a --format {{.Foo}}",
    "ps -a --format {{.ID",
    "ps -aq --format {{.Names}}",
    "ps extra",
    "ps --foo",
    "ps -z",
    "ps -a --no-trunc=x",
    "images",
    "images -a",
    "images -q",
    "images --no-trunc",
    "images --digests",
    "images bx/base",
    "images nosuch",
    "images --filter dangling=true",
    "images --filter foo=bar",
    "images --filter reference=bx/*",
    "images --format json",
    "images --format table_{{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.Size}}",
    "images --format {{.Repository}}:{{.Tag}}_{{.CreatedAt}}_{{.VirtualSize}}_{{.Digest}}",
    "images --format {{.X}}",
    "images a b",
    "inspect SUBJECT",
    "inspect bx/base:1",
    "inspect SUBJECT bx/base:1",
    "inspect nosuch",
    "inspect SUBJECT nosuch",
    "inspect --type image SUBJECT",
    "inspect --type container SUBJECT",
    "inspect --type foo SUBJECT",
    "inspect -f json SUBJECT",
    "inspect",
    "container inspect SUBJECT",
    "container inspect bx/base:1",
    "image inspect bx/base:1",
    "image inspect SUBJECT",
    "rm",
    "rm nosuch",
    "rm -f nosuch",
    "rm nosuch nosuch2",
    "start nosuch",
    "start -a nosuch",
    "start -a a b",
    "stop nosuch nosuch2",
    "stop -t x nosuch",
    "stop SUBJECT",
    "kill nosuch",
    "kill SUBJECT",
    "kill -s FOO SUBJECT",
    "restart nosuch",
    "wait nosuch nosuch2",
    "logs nosuch",
    "logs --since foo SUBJECT",
    "logs --tail foo SUBJECT",
    "logs SUBJECT",
    "attach nosuch",
    "attach SUBJECT",
    "exec",
    "exec SUBJECT",
    "exec SUBJECT true",
    "exec nosuch true",
    "exec -it nosuch true",
    "exec --env-file nosuch SUBJECT true",
    "rename nosuch x",
    "rename SUBJECT SUBJECT",
    "rename a",
    "tag a",
    "tag nosuch b",
    "tag bx/base:1 Foo",
    "tag bx/base:1 a@sha256:" + "0" * 64,
    "rmi",
    "rmi nosuch",
    "rmi -f nosuch",
    "rmi nosuch nosuch2",
    "import",
    "import /nosuch",
    "import - Foo",
    "load -i /nosuch",
    "run",
    "run --name",
    "run --rm nosuch",
    "run --pull foo bx/base:1",
    "run --rm bx/base:1 nosuch",
    "run --rm bx/base:1 /etc",
    "run --rm -w relative bx/base:1 true",
    "run -it bx/base:1",
    "run -d -a stdout bx/base:1",
    "create --name SUBJECT bx/base:1",
    "events --since foo",
    "events --filter foo",
    "info --format {{.ID}}|{{.OSType}}|{{.NCPU}}|{{json_.Plugins}}|{{.SecurityOptions}}",
    "info --format {{.Foo}}",
    "version --format {{.Server.Version}}|{{.Server.APIVersion}}",
    "version --format {{json_.Server}}",
    "foo",
    "container foo",
    "help foo",
    "--foo ps",
    "-Dz ps",
    "-H unix:///nosuch -H unix:///b ps",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_like_docker(docker: Cli, boxship: Cli, subject: str, command: str) -> None:
    arguments = [word.replace("SUBJECT", subject).replace("_", " ") for word in command.split(" ")]
    for _ in range(3):  # a second may end between the two
        theirs, ours = _alike(docker(*arguments)), _alike(boxship(*arguments))
        if theirs == ours:
            return
    assert ours == theirs


TEMPLATES = [
    "{{.Id}}",
    "{{.Name}} {{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.HostConfig.Memory}}",
    "{{.Foo}}",
    "{{.State.Foo}}",
    "{{.State.Status.Foo}}",
    "{{.HostConfig.FooFooFooFooFooFooFoo}}",
    "{{.Config.Labels}}",
    "{{.Config.Labels.kind}}|{{.Config.Labels.nosuch}}",
    '{{index .Config.Labels "kind"}}|{{index .Config.Labels "nosuch"}}',
    '{{index .Config.Labels "com.example.my-key"}}',
    "{{json .Config.Labels}}",
    "{{json .Config.Env}}",
    "{{json .Mounts}}",
    "{{.Mounts}}",
    "{{.Config.Env}} {{len .Config.Env}}",
    "{{.Config.Cmd}} {{.Config.Entrypoint}} {{.Args}}",
    "{{.Config.Healthcheck}} {{.State.Health}} {{.Config.StopTimeout}} {{.HostConfig.Init}}",
    "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}",
    "{{.State.Health.Status}}",
    "{{.HostConfig.RestartPolicy}} {{.HostConfig.LogConfig}} {{.HostConfig.Binds}}",
    "{{.HostConfig.Tmpfs}} {{.HostConfig.Ulimits}} {{.HostConfig.Links}} {{.HostConfig.PortBindings}}",
    "{{.HostConfig.MemorySwappiness}} {{.HostConfig.OomKillDisable}} {{.HostConfig.PidsLimit}}",
    "{{.NetworkSettings.Ports}} {{.NetworkSettings.IPAddress}}",
    "{{range $name, $network := .NetworkSettings.Networks}}{{$name}}={{$network.IPAddress}};{{end}}",
    "{{range .Config.Env}}{{println .}}{{end}}",
    "{{range $i, $e := .Config.Env}}{{if $i}},{{end}}{{$e}}{{end}}",
    "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}",
    "{{range .HostConfig.Links}}x{{else}}none{{end}}",
    "{{range .Mounts}}{{.Type}}:{{.Name}}:{{.Source}}->{{.Destination}} {{.RW}}{{end}}",
    '{{range .Config.Env}}{{if eq . "Z=1"}}{{continue}}{{end}}{{.}}{{break}}{{end}}',
    "{{range 3}}{{.}}{{end}}",
    "{{with .Config}}{{.Image}}{{end}}{{with .Config.Foo}}{{end}}",
    "{{with .HostConfig.Links}}a{{else with .Name}}{{.}}{{end}}",
    '{{join .Config.Cmd ","}} {{split "a,b" ","}} {{join (split "a b" " ") "-"}}',
    '{{printf "%s %v %d %q %5s|%-5s|%05d %t %x" .Name .State.Running .HostConfig.Memory .Name "ab" "ab" 42 true 255}}',
    '{{printf "%s" 1 2}} {{printf "%d" "a"}} {{printf "%s"}} {{printf "%.2f" 1.5}} {{printf "%%"}} {{printf "%z" 1}}',
    '{{printf "%v" .Config.Labels}} {{printf "%+d %x %X %c %U" 5 "hi" 255 65 65}} {{printf "%6.2f|%-6d|" 1.5 3}}',
    '{{print 1 2 "a" "b" 3}} {{println "a" 1}}',
    '{{eq .State.Status "created"}} {{ne 1 2}} {{lt 1 2}} {{gt 1 2}} {{le 2 2}} {{ge 1 2}} {{eq 1 2 3 1}}',
    '{{and 1 0}} {{or 0 "x"}} {{not 1}} {{and .Foo}}',
    '{{or .Config.Domainname "none"}}',
    '{{if .State.Running}}run{{else if eq .State.Status "created"}}cre{{else}}no{{end}}',
    '{{.Name | upper}} {{title "abc def"}} {{lower "ABC"}} {{truncate "abcdef" 3}} {{pad "x" 2 3}}|',
    '{{.Name | printf "%s %s" "a"}}',
    "{{index .Config.Env 0}} {{index .Config.Cmd 9}}",
    "{{slice .Name 1 3}} {{slice .Config.Cmd 1}}",
    "{{len .Name}} {{len 3}}",
    "{{lt .Name 1}}",
    '{{eq 1 "a"}}',
    "{{call .Name}}",
    "{{nil}}",
    "{{1.5}} {{1e3}} {{0x1f}} {{'a'}} {{true}}",
    '{{html "<a>"}} {{js "x\'<"}}',
    '{{"a\\tb"}}\\t|',
    "a\\nb",
    'x{{- " y " -}} z',
    "{{/* a comment */}}a",
    "{{- /* a comment */ -}} a",
    "{{$x := .Name}}{{$x}}{{$x = 3}}{{$x}}",
    "{{$.Name}}",
    "{{(index .Mounts 0).Source}}",
    "{{.Foo",
    "{{foo}}",
    "{{.A | }}",
    "{{if}}",
    "{{end}}",
    "{{else}}",
    "{{range .Foo}}",
    "{{break}}",
    "{{$x}}",
    "{{.Name.}}",
    "{{)}}",
    "{{(.Name}}",
    '{{"a}}',
    "{{`a",
    "{{@}}",
    "{{.Name | 3}}",
    "{{3 4}}",
    "{{.Name 4}}",
    "{{/* a }}",
    "",
    "table {{.Name}}",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_like_docker(docker: Cli, boxship: Cli, subject: str, template: str) -> None:
    ours, theirs = boxship("inspect", "-f", template, subject), docker("inspect", "-f", template, subject)
    assert (ours.code, ours.out, ours.err) == (theirs.code, theirs.out, theirs.err)
