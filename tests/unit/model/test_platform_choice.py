"""Which image of an index a machine gets. The table is what Docker 28.5.2 took on a machine of x86-64 level 4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.model.platform import Platform, parse
from boxship.model.platform_choice import choose, normalised, runs, runs_on, x86_level

BEST = "linux/amd64/v4"
OLD = ("arm/v5", "arm/v6", "arm/v7", "arm64")
MIXED = ("arm/v7", "arm64/v8", "arm64/v9")


def platform(text: str) -> Platform | None:
    """As an index writes it: nothing is put right. "" for none."""
    return Platform("linux", *text.split("/")) if text else None


@pytest.mark.parametrize(
    ("wanted", "offered", "taken"),
    [
        (BEST, ("amd64/v2", "amd64"), 0),
        (BEST, ("amd64/v4", "amd64/v3", "amd64/v2"), 0),
        (BEST, ("", "amd64"), 1),
        (BEST, ("386", "amd64"), 1),
        (BEST, ("386",), 0),
        (BEST, ("amd64/v1",), 0),
        (BEST, ("x86_64",), 0),
        (BEST, ("AMD64",), 0),
        (BEST, ("arm64",), None),
        (BEST, (), None),
        (BEST, ("",), 0),
        ("linux/amd64/v2", ("amd64/v2", "amd64"), 0),
        ("linux/amd64/v2", ("amd64/v4", "amd64/v3", "amd64/v2"), 2),
        ("linux/amd64/v3", ("amd64/v2", "amd64"), 0),
        ("linux/amd64/v3", ("amd64/v4", "amd64/v3", "amd64/v2"), 1),
        ("linux/amd64/v1", ("amd64/v2", "amd64"), 1),
        ("linux/amd64/v1", ("amd64/v4", "amd64/v3", "amd64/v2"), None),
        ("linux/386", ("amd64/v2", "amd64"), None),
        ("linux/386", ("386", "amd64"), 0),
        ("linux/arm", OLD, 2),
        ("linux/arm/v5", OLD, 0),
        ("linux/arm/v5", MIXED, None),
        ("linux/arm/v5", ("arm",), None),
        ("linux/arm/v6", OLD, 1),
        ("linux/arm/v6", MIXED, None),
        ("linux/arm/v8", OLD, 2),
        ("linux/arm64", OLD, 3),
        ("linux/arm64", MIXED, 1),
        ("linux/arm64", ("arm",), 0),
        ("linux/arm64/v9", OLD, 3),
        ("linux/arm64/v9", MIXED, 2),
        ("linux/arm64/v9", ("arm",), 0),
        ("linux/armhf", OLD, 2),
        ("linux/armel", OLD, 1),
        ("linux/armel", MIXED, None),
        ("linux/aarch64", MIXED, 1),
        ("windows/amd64", ("amd64",), None),
    ],
)
def test_as_docker_chooses(wanted: str, offered: tuple[str, ...], taken: int | None) -> None:
    found = choose(parse(wanted), [(platform(text), ()) for text in offered])
    assert (found[0] if found else None) == taken


def test_features_that_the_system_lacks() -> None:
    offered = [(platform("amd64"), ("x",)), (platform("amd64"), ())]
    assert choose(parse("linux/amd64"), offered) == [1]
    assert choose(parse("linux/amd64"), offered, ("x",)) == [0, 1]


def test_levels_of_x86() -> None:
    v2 = "pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm".split()  # noqa: SIM905
    v3 = [*v2, *"avx avx2 bmi1 bmi2 f16c fma abm movbe xsave".split()]  # noqa: SIM905
    v4 = [*v3, *"avx512f avx512bw avx512cd avx512dq avx512vl".split()]  # noqa: SIM905
    assert [x86_level(flags) for flags in ([], ["sse2"], v2, v3, v4)] == [1, 1, 2, 3, 4]
    assert x86_level([flag for flag in v4 if flag != "ssse3"]) == 1


def test_arm_9_runs_what_arm_8_ran() -> None:
    assert [str(each) for each in runs(Platform("linux", "arm64", "v9.1"))][:4] == [
        "linux/arm64/v9.1",
        "linux/arm64/v9",
        "linux/arm64/v8.6",
        "linux/arm64/v8.5",
    ]
    assert runs_on(Platform("linux", "arm", "v5"), Platform("linux", "arm64"))
    assert not runs_on(Platform("linux", "arm64", "v9"), Platform("linux", "arm64"))


_WORDS = st.sampled_from(["", "amd64", "arm", "arm64", "386", "v1", "v8", "v7", "v99", "v", "8", "v8.4", "linux", "x"])


@given(st.builds(Platform, _WORDS, _WORDS, _WORDS))
def test_a_platform_runs_on_itself_and_has_one_spelling(any_platform: Platform) -> None:
    assert runs_on(any_platform, any_platform)
    assert normalised(normalised(any_platform)) == normalised(any_platform)
    assert len(set(runs(any_platform))) == len(runs(any_platform))
