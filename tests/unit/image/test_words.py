"""Words: whatever is put in quotes comes out as it was."""

from hypothesis import given
from hypothesis import strategies as st

from boxship.image.words import expand, split
from boxship.lib.errors import InvalidParameter

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)


@given(st.lists(texts.filter(lambda text: "'" not in text), max_size=5))
def test_single_quotes_keep_everything(values: list[str]) -> None:
    line = " ".join(f"x'{value}'" for value in values)
    assert [expand(word, {}) for word in split(line)] == [f"x{value}" for value in values]


@given(st.lists(texts, max_size=5))
def test_backslashes_keep_everything(values: list[str]) -> None:
    line = " ".join("x" + "".join(f"\\{char}" for char in value) for value in values)
    assert [expand(word, {}) for word in split(line)] == [f"x{value}" for value in values]


@given(texts, texts)
def test_any_word_expands_or_is_refused(word: str, value: str) -> None:
    try:
        expand(word, {"a": value, "b": ""})
    except InvalidParameter:
        pass


def test_unset_and_empty_differ_only_with_a_colon() -> None:
    variables = {"set": "1", "empty": ""}
    assert expand("${empty-x}${empty:-y}${unset-z}${set-q}", variables) == "yz1"
    assert expand("${empty+x}${empty:+y}${unset+z}${set+q}", variables) == "xq"
    assert expand("${unset:-${set}$set}", variables) == "11"
    assert expand("$set$unset$ $", variables) == "1$ $"
