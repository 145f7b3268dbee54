"""What varies becomes a word; what means something stays."""

import pytest

from tests.facts.case import Differs
from tests.facts.compare import difference, without
from tests.facts.normalise import document, lines, output, schema, text

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (ID, "ID"),
        (f"sha256:{ID}", "sha256:ID"),
        ("0123456789ab", "SHORTID"),
        ("Up 3 seconds", "Up AGO"),
        ("Exited (137) About a minute ago", "Exited (137) AGO"),
        ("Up Less than a second", "Up AGO"),
        ("2026-01-02T03:04:05.123456789Z x", "TIME x"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("a     b", "a  b"),
        ("exit 137", "exit 137"),
        ("deadbeef", "deadbeef"),
    ],
)
def test_texts(said: str, word: str) -> None:
    assert text(said, {}) == word


def test_names_longest_first() -> None:
    assert text("fact-ghi-a fact-ghi", {"fact-ghi": "P", "fact-ghi-a": "Q"}) == "Q P"


def test_line_ends_are_kept() -> None:
    assert lines(b"a\r\nb", {}) == ["a<cr>", "b<no newline>"]
    assert lines(b"", {}) == []


def test_numbers_that_vary_by_their_key() -> None:
    assert document({"Pid": 12, "ExitCode": 12, "Created": 0}, {}) == {"Pid": "PID", "ExitCode": 12, "Created": 0}


def test_json_output_is_a_document() -> None:
    assert output(b'[{"Id": "x"}]\n', {}) == [{"Id": "x"}]
    assert output(b"[not json\n", {}) == ["[not json"]


def test_schema_keeps_keys_and_kinds() -> None:
    assert schema({"a": 1, "b": ["x", "y"], "c": None}) == {"a": "int", "b": ["str"], "c": "NoneType"}


def test_differences_are_dropped_on_both_sides() -> None:
    steps = [{"body": {"Driver": "a", "Name": "n"}, "stdout": ["x"]}]
    wanted = [{"body": {"Name": "n"}, "stdout": ["<differs>"]}]
    assert without(steps, (Differs("*.body.Driver", ""), Differs("0.stdout.0", ""))) == wanted
    assert difference(wanted, wanted) == ""
    assert "+" in difference(wanted, steps)
