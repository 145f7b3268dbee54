"""--add-runtime, --default-runtime and their keys in the configuration file."""

from pathlib import Path

import pytest

from boxship.app.config import DaemonConfig, UsageError, parse_arguments


def parsed(*arguments: str) -> DaemonConfig:
    config = parse_arguments(list(arguments))
    assert config is not None
    return config


def test_none_are_named() -> None:
    config = parsed("--config", "/dev/null")
    assert (config.default_runtime, config.runtimes) == ("boxship", ())


def test_some_are_added() -> None:
    config = parsed("--config=/dev/null", "--add-runtime", "Mine=/opt/mine", "--add-runtime=other=/opt/o=1")
    assert config.runtimes == (("mine", ("/opt/mine",)), ("other", ("/opt/o=1",)))
    assert config.for_engine().runtimes == config.runtimes


def test_one_of_them_is_the_default() -> None:
    config = parsed("--config=/dev/null", "--default-runtime", "mine", "--add-runtime", "mine=/opt/mine")
    assert config.for_engine().default_runtime == "mine"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--add-runtime", "foo"), 'invalid argument "foo" for "--add-runtime" flag: invalid runtime argument: foo'),
        (("--add-runtime", "foo="), "invalid runtime argument: foo="),
        (("--add-runtime", "=foo"), "invalid runtime argument: =foo"),
        (("--add-runtime", "boxship=/x"), "runtime name 'boxship' is reserved"),
        (("--add-runtime", "Foo=/x", "--add-runtime", "foo=/y"), "runtime 'foo' was already defined"),
        (("--default-runtime", "nope"), "specified default runtime 'nope' does not exist"),
    ],
)
def test_faults(arguments: tuple[str, ...], fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed("--config=/dev/null", *arguments)
    assert fault in caught.value.message


def test_the_configuration_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'default-runtime = "mine"\n[runtimes.mine]\npath = "/opt/mine"\nruntimeArgs = ["--debug", "--systemd"]\n'
        '[runtimes.theirs]\npath = "/opt/theirs"\n'
    )
    config = parsed("--config", str(file), "--add-runtime", "theirs=/usr/bin/theirs")
    assert config.default_runtime == "mine"
    assert dict(config.runtimes) == {"mine": ("/opt/mine", "--debug", "--systemd"), "theirs": ("/usr/bin/theirs",)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('runtimes = "crun"', "runtimes: not a table"),
        ("[runtimes.foo]\n", "runtimes: foo: a runtime is a table with its path"),
        ('[runtimes]\nfoo = "/x"\n', "runtimes: foo: a runtime is a table with its path"),
        ('[runtimes.foo]\npath = "/x"\ntype = "y"\n', "runtimes: foo: a runtime has a path and a list runtimeArgs"),
        ('[runtimes.foo]\npath = "/x"\nruntimeArgs = "y"\n', "runtimes: foo: a runtime has a path and a list"),
        ('[runtimes.boxship]\npath = "/x"\n', "runtimes: boxship: runtime name 'boxship' is reserved"),
    ],
)
def test_faults_of_the_file(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        parsed("--config", str(file))
    assert fault in caught.value.message
    assert str(file) in caught.value.message
