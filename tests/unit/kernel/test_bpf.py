"""The device program, against an interpreter of the few instructions it uses."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel.bpf import assemble_devices
from boxship.kernel.cgroup.devices import ALWAYS

KINDS = {"b": 1, "c": 2}
ACCESSES = {"m": 1, "r": 2, "w": 4}


def run(program: bytes, kind: str, major: int, minor: int, access: str) -> bool:
    context = struct.pack("=III", sum(ACCESSES[letter] for letter in access) << 16 | KINDS[kind], major, minor)
    code = [
        (operation, registers & 15, registers >> 4, offset, immediate)
        for operation, registers, offset, immediate in struct.iter_unpack("=BBhi", program)
    ]
    registers: list[int] = [0] * 11
    place = 0
    while True:
        operation, target, source, offset, immediate = code[place]
        place += 1
        if operation == 0x61:
            registers[target] = struct.unpack_from("=I", context, offset)[0]
        elif operation == 0xBC:
            registers[target] = registers[source] & 0xFFFFFFFF
        elif operation == 0x54:
            registers[target] &= immediate & 0xFFFFFFFF
        elif operation == 0x74:
            registers[target] = (registers[target] & 0xFFFFFFFF) >> immediate
        elif operation == 0xB7:
            registers[target] = immediate
        elif operation == 0x55:
            place += offset if registers[target] != immediate else 0
        else:
            assert operation == 0x95
            return bool(registers[0])


ACCESS = st.sets(st.sampled_from("rwm"), min_size=1).map("".join)
NUMBER = st.integers(0, 3)
RULES = st.lists(st.tuples(st.sampled_from("bca"), st.integers(-1, 3), st.integers(-1, 3), ACCESS), max_size=6)


@given(RULES, st.sampled_from("bc"), NUMBER, NUMBER, ACCESS)
def test_lets_through_what_one_rule_allows(
    rules: list[tuple[str, int, int, str]], kind: str, major: int, minor: int, access: str
):
    expected = any(
        rule_kind in ("a", kind)
        and rule_major in (-1, major)
        and rule_minor in (-1, minor)
        and set(access) <= set(rule_access)
        for rule_kind, rule_major, rule_minor, rule_access in rules
    )
    assert run(assemble_devices(rules), kind, major, minor, access) == expected


def test_what_every_container_may():
    program = assemble_devices(list(ALWAYS))
    assert run(program, "c", 1, 3, "rw")
    assert run(program, "c", 136, 7, "rw")
    assert run(program, "b", 8, 0, "m")
    assert not run(program, "b", 8, 0, "r")
    assert not run(program, "c", 1, 1, "r")  # mem
