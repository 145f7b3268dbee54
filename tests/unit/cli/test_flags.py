"""Flags as pflag reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.cli.flags import HELP, Flag, FlagError, parse

TABLE = (
    Flag("all", "a", "", ""),
    Flag("detach", "d", "", ""),
    Flag("env", "e", "list", ""),
    Flag("interactive", "i", "", ""),
    Flag("memory", "m", "bytes", ""),
    Flag("name", "", "string", ""),
    Flag("sysctl", "", "map", ""),
    Flag("tty", "t", "", ""),
)


@pytest.mark.parametrize(
    ("argv", "given_", "args"),
    [
        ([], {}, []),
        (["-a"], {"all": True}, []),
        (["-itd"], {"interactive": True, "tty": True, "detach": True}, []),
        (["-iteA=b"], {"interactive": True, "tty": True, "env": ["A=b"]}, []),
        (["-ite", "A=b", "x"], {"interactive": True, "tty": True, "env": ["A=b"]}, ["x"]),
        (["-e=A=b"], {"env": ["A=b"]}, []),
        (["-m64m"], {"memory": 64 << 20}, []),
        (["-d=false"], {"detach": False}, []),
        (["--detach=false", "x"], {"detach": False}, ["x"]),
        (["--detach", "false"], {"detach": True}, ["false"]),
        (["--name", "-x"], {"name": "-x"}, []),
        (["--name=", "x"], {"name": ""}, ["x"]),
        (["--env", "A", "-e", "B"], {"env": ["A", "B"]}, []),
        (["--sysctl", "a=b=c", "--sysctl=d"], {"sysctl": {"a": "b=c", "d": ""}}, []),
        (["x", "-a", "y"], {"all": True}, ["x", "y"]),
        (["--", "-a"], {}, ["-a"]),
        (["x", "--", "-a"], {}, ["x", "-a"]),
        (["-"], {}, ["-"]),
        (["--help", "--nonsense"], {HELP: True}, []),
        (["-h"], {HELP: "h"}, []),
    ],
)
def test_read(argv: list[str], given_: dict[str, object], args: list[str]) -> None:
    parsed = parse(argv, TABLE)
    assert (parsed.given, parsed.args) == (given_, args)


def test_the_rest_is_the_command_s() -> None:
    parsed = parse(["-i", "image", "-a", "--name"], TABLE, interspersed=False)
    assert (parsed.given, parsed.args) == ({"interactive": True}, ["image", "-a", "--name"])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["--foo=x"], "unknown flag: --foo"),
        (["-z"], "unknown shorthand flag: 'z' in -z"),
        (["-itz"], "unknown shorthand flag: 'z' in -z"),
        (["-zit"], "unknown shorthand flag: 'z' in -zit"),
        (["--name"], "flag needs an argument: --name"),
        (["-ite"], "flag needs an argument: 'e' in -e"),
        (["---x"], "bad flag syntax: ---x"),
        (["--=x"], "bad flag syntax: --=x"),
        (["-m", "x"], 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\''),
        (["-d=x"], 'invalid argument "x" for "-d, --detach" flag: strconv.ParseBool: parsing "x": invalid syntax'),
    ],
)
def test_refused(argv: list[str], message: str) -> None:
    with pytest.raises(FlagError) as refused:
        parse(argv, TABLE)
    assert str(refused.value) == message


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_words_are_read_or_refused(argv: list[str]) -> None:
    try:
        parsed = parse(argv, TABLE)
    except FlagError:
        return
    assert len(parsed.args) <= len(argv)


@given(st.lists(st.text(min_size=1).filter(lambda text: not text.startswith("-")), max_size=5))
def test_what_is_no_flag_stays(words: list[str]) -> None:
    assert parse(words, TABLE).args == words
