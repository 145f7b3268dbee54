"""SELinux labels against their documented shapes: user:role:type:level, a pair of categories a container."""

import itertools
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxship.lib.errors import BoxshipError
from boxship.model.container import ExecConfig
from boxship.runtime.spec.labels import Labels, container_labels, level_of, shared_label, shared_options
from boxship.runtime.spec.process import build_exec_process
from tests.unit.runtime.build import FEATURES, config, host, spec

PROCESS = "system_u:system_r:container_t:s0"
FILE = "system_u:object_r:container_file_t:s0"


def drawing(*numbers: int) -> Callable[[int], int]:
    values = itertools.cycle(numbers)
    return lambda bound: next(values) % bound


def labels(*options: str, taken: tuple[str, ...] = (), draw: Callable[[int], int] | None = None) -> Labels:
    return container_labels(options, process=PROCESS, file=FILE, taken=taken, draw=draw or drawing(7, 3))


def test_a_level_of_its_own():
    assert labels() == Labels("system_u:system_r:container_t:s0:c3,c7", "system_u:object_r:container_file_t:s0:c3,c7")


def test_levels_that_others_have_are_not_drawn_again():
    found = labels(taken=("s0:c3,c7",), draw=drawing(3, 7, 7, 7, 1022, 1023, 9, 8))
    assert level_of(found.process) == level_of(found.mount) == "s0:c8,c9"


@settings(suppress_health_check=[HealthCheck.large_base_example])
@given(st.sets(st.tuples(st.integers(0, 1023), st.integers(0, 1023)), max_size=30), st.randoms(use_true_random=False))
def test_every_level_is_a_pair_in_order_and_free(pairs: set[tuple[int, int]], random: object):
    taken = tuple(f"s0:c{low},c{high}" for low, high in pairs)
    found = labels(taken=taken, draw=random.randrange)  # type: ignore[attr-defined]
    match = re.fullmatch(r"s0:c(\d+),c(\d+)", level_of(found.process))
    assert match is not None
    assert 0 <= int(match[1]) < int(match[2]) < 1024
    assert match[0] not in taken


@pytest.mark.parametrize(
    ("options", "process", "mount"),
    [
        (["type:mine_t"], "system_u:system_r:mine_t:s0:c3,c7", "system_u:object_r:container_file_t:s0:c3,c7"),
        (["level:s0:c1,c2"], "system_u:system_r:container_t:s0:c1,c2", "system_u:object_r:container_file_t:s0:c1,c2"),
        (["user:me_u"], "me_u:system_r:container_t:s0:c3,c7", "me_u:object_r:container_file_t:s0:c3,c7"),
        (["role:me_r"], "system_u:me_r:container_t:s0:c3,c7", "system_u:object_r:container_file_t:s0:c3,c7"),
        (["filetype:etc_t"], "system_u:system_r:container_t:s0:c3,c7", "system_u:object_r:etc_t:s0:c3,c7"),
        (["disable"], "", "system_u:object_r:container_file_t:s0:c1022,c1023"),
        (["type:mine_t", "disable"], "", "system_u:object_r:container_file_t:s0:c1022,c1023"),
    ],
)
def test_options(options: list[str], process: str, mount: str):
    assert labels(*options) == Labels(process, mount)


@pytest.mark.parametrize("option", ["foo", "bogus:x", ""])
def test_options_that_are_none(option: str):
    with pytest.raises(BoxshipError, match="bad label option") as caught:
        labels(option)
    assert type(caught.value) is BoxshipError


def test_who_joins_has_the_others_label():
    other = labels().process
    assert labels(*shared_options(other), draw=drawing(500, 600)).process == other
    assert labels(*shared_options("")).process == ""


def test_files_for_all_containers():
    assert shared_label("system_u:object_r:container_file_t:s0:c3,c7") == FILE


def test_the_spec_carries_them():
    made = labels()
    process = build_exec_process(config(), host(), FEATURES, ExecConfig(cmd=["true"]), made.process)
    assert process["selinuxLabel"] == made.process
    without = spec(config=config(), host=host())
    assert "selinuxLabel" not in without["process"]
    assert "mountLabel" not in without["linux"]
    result = spec(config=config(), host=host(), labels=made)
    assert result["process"]["selinuxLabel"] == made.process
    assert result["linux"]["mountLabel"] == made.mount
