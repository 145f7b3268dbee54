"""Log options: what Docker 28.5 accepts and what it says of the rest."""

import pytest

from boxship.lib.errors import BoxshipError, InvalidParameter
from boxship.storage.logs.options import check_log_options, log_attributes, parse_log_options, parse_size

STARTING = "failed to create task for container: failed to initialize logging driver: "


@pytest.mark.parametrize(
    ("driver", "options", "message"),
    [
        ("json-file", {"foo": "bar"}, "unknown log opt 'foo' for json-file log driver"),
        ("local", {"foo": "bar"}, "unknown log opt 'foo' for log driver local"),
        ("json-file", {"mode": "foo"}, "logger: logging mode not supported: foo"),
        ("nosuch", {}, 'error looking up logging plugin nosuch: plugin "nosuch" not found'),
        (
            "json-file",
            {"max-buffer-size": "3m"},
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        ),
        (
            "local",
            {"mode": "non-blocking", "max-buffer-size": "zz"},
            "error parsing option max-buffer-size: invalid size: 'zz'",
        ),
    ],
)
def test_refused_at_create(driver: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_log_options(driver, options)
    assert caught.value.message == message


def test_a_driver_of_docker_that_is_not_here_says_which_are() -> None:
    with pytest.raises(InvalidParameter, match=r'log driver "syslog" is not supported.*"local", "json-file" or "none"'):
        check_log_options("syslog", {})


def test_accepted_at_create() -> None:
    check_log_options("none", {"foo": "bar"})
    check_log_options("local", {"max-size": "zz", "tag": "x", "labels": "a", "mode": "blocking"})
    check_log_options("json-file", {"mode": "non-blocking", "max-buffer-size": "4m", "compress": "true"})


@pytest.mark.parametrize(
    ("driver", "name", "value", "message"),
    [
        ("json-file", "max-size", "zz", "invalid size: 'zz'"),
        ("json-file", "max-size", "", "invalid size: ''"),
        ("json-file", "max-size", "-1", "invalid size: '-1'"),
        ("json-file", "max-size", "0", "max-size must be a positive number"),
        ("json-file", "max-file", "0", "max-file cannot be less than 1"),
        ("json-file", "max-file", "x", 'strconv.Atoi: parsing "x": invalid syntax'),
        ("json-file", "compress", "x", 'strconv.ParseBool: parsing "x": invalid syntax'),
        ("local", "max-size", "zz", "invalid value for max-size: zz: invalid size: 'zz'"),
        ("local", "max-file", "-1", "max file count cannot be less than 0"),
        ("local", "max-file", "x", 'invalid value for max-file: x: strconv.Atoi: parsing "x": invalid syntax'),
        ("local", "compress", "", 'error reading compress log option: strconv.ParseBool: parsing "": invalid syntax'),
    ],
)
def test_refused_at_start(driver: str, name: str, value: str, message: str) -> None:
    check_log_options(driver, {name: value})
    with pytest.raises(BoxshipError) as caught:
        parse_log_options(driver, {name: value}, "/log")
    assert caught.value.message == STARTING + message


def test_values() -> None:
    target = parse_log_options("json-file", {"max-size": "1.5m", "max-file": "3", "compress": "1"}, "/log", {"a": "b"})
    assert (target.max_size, target.max_file, target.compress, target.attributes) == (1572864, 3, True, {"a": "b"})
    assert parse_log_options("local", {"max-size": "0"}, "/log").max_size == 0
    for driver in ("local", "json-file"):
        target = parse_log_options(driver, {}, "/log")
        assert (target.max_size, target.max_file) == (20 << 20, 5)
    assert parse_log_options("none", {"max-size": "zz"}, "/log").path == ""


@pytest.mark.parametrize(
    ("text", "size"), [("10", 10), ("10b", 10), ("10kb", 10240), ("1k", 1024), ("2G", 2 << 30), ("1.5 MiB", 1572864)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_attributes() -> None:
    found = log_attributes(
        {"labels": "a, zz", "env-regex": "^X", "tag": "{{.Name}}/{{.ID}}"},
        labels={"a": "1", "b": "2"},
        environment={"X1": "x", "Y": "y"},
        tag_fields={"Name": "web", "ID": "0123456789ab"},
    )
    assert found == {"a": "1", "X1": "x", "tag": "web/0123456789ab"}
    with pytest.raises(BoxshipError, match=r"error parsing regexp: .*: `\[`"):
        log_attributes({"labels-regex": "["}, labels={}, environment={}, tag_fields={})
    for tag in ("{{.Foo}}", "{{.Name", "{{if .Name}}x{{end}}"):
        with pytest.raises(BoxshipError, match="template: log-tag"):
            log_attributes({"tag": tag}, labels={}, environment={}, tag_fields={"Name": "web"})
