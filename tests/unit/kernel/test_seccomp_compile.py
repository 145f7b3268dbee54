"""The seccomp compiler: against an interpreter of its programs, and against libseccomp, which Docker's runc uses."""

import ctypes
import errno
import os
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxship.kernel import seccomp
from boxship.kernel.seccomp.compile import ALLOW, KILL_PROCESS, KILL_THREAD, compile_filter
from boxship.kernel.syscalls import table
from boxship.lib.errors import InvalidParameter, Unsupported
from boxship.runtime.profiles.seccomp import PROFILE, default_profile
from boxship.runtime.spec.capabilities import DEFAULT_CAPABILITIES
from tests.support.classic_bpf import run

X86_64, I386, AARCH64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
X32_BIT = 0x40000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
NUMBERS = table("x86_64")


def code(profile: dict[str, Any], machine: str = "x86_64") -> bytes:
    return compile_filter(profile, machine)[seccomp.HEAD.size :]


def rule(names: str, action: str = "SCMP_ACT_ALLOW", **more: Any) -> dict[str, Any]:
    return {"names": names.split(), "action": action, **more}


def condition(index: int, operator: str, value: int, datum: int = 0) -> dict[str, Any]:
    return {"index": index, "op": operator, "value": value, "valueTwo": datum}


def deny_but(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": list(rules), **more}


def test_what_is_named_passes_and_the_rest_does_not():
    program = code(deny_but(rule("read write exit_group close_range")))
    assert run(program, X86_64, NUMBERS["read"]) == ALLOW
    assert run(program, X86_64, NUMBERS["exit_group"]) == ALLOW
    assert run(program, X86_64, NUMBERS["open"]) == EPERM


def test_calls_newer_than_the_profile_are_no_calls():
    program = code(deny_but(rule("read close_range")))
    assert run(program, X86_64, NUMBERS["close_range"] - 1) == EPERM
    assert run(program, X86_64, NUMBERS["close_range"] + 1) == ENOSYS
    assert run(program, X86_64, 100_000) == ENOSYS


def test_a_profile_that_forbids_only_some_lets_new_calls_through():
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule("chmod", "SCMP_ACT_ERRNO", errnoRet=5)]}
    program = code(profile)
    assert run(program, X86_64, NUMBERS["chmod"]) == 0x50005
    assert run(program, X86_64, NUMBERS["fchmod"]) == ALLOW
    assert run(program, X86_64, 100_000) == ALLOW


def test_an_unknown_name_is_passed_over():
    program = code(deny_but(rule("read no_such_call")))
    assert run(program, X86_64, NUMBERS["read"]) == ALLOW


def test_other_architectures_are_killed_unless_named():
    alone = code(deny_but(rule("read"), architectures=["SCMP_ARCH_X86_64"]))
    assert run(alone, I386, table("i386")["read"]) == KILL_THREAD
    assert run(alone, X86_64, X32_BIT | 0) == KILL_THREAD
    with_all = code(deny_but(rule("read"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]))
    assert run(with_all, I386, table("i386")["read"]) == ALLOW
    assert run(with_all, I386, table("i386")["write"]) == ENOSYS
    assert run(with_all, X86_64, X32_BIT | table("x32")["read"]) == ALLOW
    assert run(with_all, AARCH64, 63) == KILL_THREAD


def test_a_call_that_a_tracer_cancelled_gets_the_default():
    assert run(code(deny_but(rule("read"))), X86_64, 0xFFFFFFFF) == EPERM


def test_32_bit_arguments_have_no_upper_half():
    profile = deny_but(
        rule("personality", args=[condition(0, "SCMP_CMP_EQ", 0xFFFFFFFF)]),
        architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    )
    program = code(profile)
    number = table("i386")["personality"]
    assert run(program, I386, number, (0xFFFFFFFF,)) == ALLOW
    assert run(program, I386, number, (0x1FFFFFFFF,)) == ALLOW
    assert run(program, X86_64, NUMBERS["personality"], (0x1FFFFFFFF,)) == EPERM


def test_32_bit_x86_multiplexes_sockets():
    profile = deny_but(rule("socket"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
    program = code(profile)
    numbers = table("i386")
    assert run(program, I386, numbers["socketcall"], (1,)) == ALLOW
    assert run(program, I386, numbers["socketcall"], (2,)) == EPERM
    assert run(program, I386, numbers["socket"]) == ALLOW


def test_an_unconditional_rule_wins():
    conditional = rule("clone", "SCMP_ACT_ERRNO", errnoRet=7, args=[condition(0, "SCMP_CMP_EQ", 1)])
    for rules in ((conditional, rule("clone")), (rule("clone"), conditional)):
        assert run(code(deny_but(*rules)), X86_64, NUMBERS["clone"], (1,)) == ALLOW


def test_two_conditions_on_one_argument_are_alternatives():
    both = [condition(0, "SCMP_CMP_EQ", 1), condition(0, "SCMP_CMP_EQ", 2)]
    program = code(deny_but(rule("socket", args=both)))
    assert [run(program, X86_64, NUMBERS["socket"], (value,)) for value in (1, 2, 3)] == [ALLOW, ALLOW, EPERM]


WORDS = st.one_of(
    st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 64) - 1]), st.integers(0, (1 << 64) - 1)
)
OPERATORS = {
    "SCMP_CMP_EQ": lambda argument, value, datum: argument == value,
    "SCMP_CMP_NE": lambda argument, value, datum: argument != value,
    "SCMP_CMP_LT": lambda argument, value, datum: argument < value,
    "SCMP_CMP_LE": lambda argument, value, datum: argument <= value,
    "SCMP_CMP_GT": lambda argument, value, datum: argument > value,
    "SCMP_CMP_GE": lambda argument, value, datum: argument >= value,
    "SCMP_CMP_MASKED_EQ": lambda argument, value, datum: argument & value == datum,
}


@given(
    st.dictionaries(
        st.integers(0, 5), st.tuples(st.sampled_from(sorted(OPERATORS)), WORDS, WORDS), min_size=1, max_size=6
    ),
    st.lists(WORDS, min_size=6, max_size=6),
    st.booleans(),
)
def test_comparisons(conditions: dict[int, tuple[str, int, int]], arguments: list[int], exact: bool):
    if exact:
        arguments = [conditions[index][1] if index in conditions else value for index, value in enumerate(arguments)]
    arguments_of_rule = [condition(index, *parts) for index, parts in conditions.items()]
    program = code(deny_but(rule("ioctl", args=arguments_of_rule), rule("close_range")))
    holds = all(OPERATORS[name](arguments[index], *parts) for index, (name, *parts) in conditions.items())
    assert run(program, X86_64, NUMBERS["ioctl"], tuple(arguments)) == (ALLOW if holds else EPERM)


@given(st.sets(st.sampled_from(sorted(NUMBERS)), min_size=1))
def test_any_set_of_calls(names: set[str]):
    program = code(deny_but(rule(" ".join(names))))
    highest = max(NUMBERS[name] for name in names)
    for name, number in NUMBERS.items():
        expected = ALLOW if name in names else EPERM if number < highest else ENOSYS
        assert run(program, X86_64, number) == expected, name


def test_long_jumps():
    # Every second call allowed with conditions of its own: subtrees longer than a conditional jump reaches.
    rules = [
        rule(name, args=[condition(index, "SCMP_CMP_EQ", number) for index in range(3)])
        for name, number in sorted(NUMBERS.items())[::3]
    ]
    program = code(deny_but(*rules))
    for name, number in sorted(NUMBERS.items())[::3]:
        assert run(program, X86_64, number, (number, number, number)) == ALLOW, name
        assert run(program, X86_64, number, (number, number, number + 1)) in (EPERM, ENOSYS), name


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"defaultAction": "SCMP_ACT_FOO"}, "string SCMP_ACT_FOO is not a valid action for seccomp"),
        (deny_but(rule("read", "SCMP_ACT_X")), "string SCMP_ACT_X is not a valid action for seccomp"),
        (deny_but(rule("read", args=[condition(0, "SCMP_CMP_X", 0)])), "SCMP_CMP_X is not a valid operator"),
        (deny_but(rule("read", args=[condition(6, "SCMP_CMP_EQ", 0)])), "argument index 6"),
        (deny_but(flags=["SECCOMP_X"]), "seccomp flag 'SECCOMP_X'"),
    ],
)
def test_faults(profile: dict[str, Any], message: str):
    with pytest.raises(InvalidParameter, match=message):
        compile_filter(profile, "x86_64")


def test_what_is_not_supported():
    with pytest.raises(Unsupported, match="SCMP_ACT_NOTIFY"):
        compile_filter(deny_but(rule("read", "SCMP_ACT_NOTIFY")), "x86_64")
    with pytest.raises(Unsupported, match="s390x"):
        compile_filter(deny_but(), "s390x")


def test_a_profile_beyond_the_kernels_limit():
    rules = [
        rule(name, args=[condition(index, "SCMP_CMP_EQ", number) for index in range(6)])
        for name, number in NUMBERS.items()
    ]
    with pytest.raises(InvalidParameter, match="too big"):
        compile_filter(deny_but(*rules), "x86_64")


def test_flags():
    head = seccomp.HEAD.unpack_from(compile_filter(deny_but(flags=["SECCOMP_FILTER_FLAG_LOG"]), "x86_64"))
    assert head[1] == seccomp.SECCOMP_FILTER_FLAG_LOG
    assert seccomp.HEAD.unpack_from(compile_filter(deny_but(), "x86_64"))[1] == 4  # SPEC_ALLOW


# What libseccomp calls the architectures: the AUDIT_ARCH, for x32 with its bit.
_TOKENS = {"x86_64": X86_64, "i386": I386, "x32": 0x4000003E, "aarch64": AARCH64, "arm": ARM}
_OPERATOR_NUMBERS = ("", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def by_libseccomp(profile: dict[str, Any], abis: list[str]) -> bytes:
    """The program that libseccomp makes of a profile for these ABIs."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(EPERM)))
    library.seccomp_arch_remove(context, ctypes.c_uint32(0))
    for abi in abis:
        assert library.seccomp_arch_add(context, ctypes.c_uint32(_TOKENS[abi])) == 0
    for entry in profile["syscalls"]:
        action = ALLOW if entry["action"] == "SCMP_ACT_ALLOW" else 0x50000 | entry.get("errnoRet", errno.EPERM)
        arguments = entry.get("args") or []
        comparisons = (_Comparison * max(1, len(arguments)))(
            *(
                _Comparison(
                    argument["index"],
                    _OPERATOR_NUMBERS.index(argument["op"].removeprefix("SCMP_CMP_")),
                    argument["value"],
                    argument.get("valueTwo", 0),
                )
                for argument in arguments
            )
        )
        for name in entry["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number != -1:
                result = library.seccomp_rule_add_array(
                    context, ctypes.c_uint32(action), number, len(arguments), comparisons
                )
                assert result == 0, (name, result)
    with tempfile.TemporaryFile() as file:
        assert library.seccomp_export_bpf(context, file.fileno()) == 0
        library.seccomp_release(context)
        return os.pread(file.fileno(), 1 << 20, 0)


def _known(abi: str, name: str) -> bool:
    """Whether this libseccomp knows the call here: an older one lacks new calls."""
    library = ctypes.CDLL("libseccomp.so.2")
    return library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(_TOKENS[abi]), name.encode()) >= 0


SAMPLES = (
    0,
    1,
    2,
    8,
    16,
    40,
    41,
    0x20000,
    0x20008,
    0x10000000,
    0x7E020000,
    0x4000000,
    0xFFFFFFFF,
    1 << 32,
    0x1FFFFFFFF,
)


@pytest.mark.parametrize(
    ("machine", "abis", "added"),
    [
        ("x86_64", ["x86_64", "i386", "x32"], ()),
        ("x86_64", ["x86_64", "i386", "x32"], ("CAP_SYS_ADMIN", "CAP_BPF", "CAP_SYS_PTRACE", "CAP_SYS_TIME")),
        ("aarch64", ["aarch64", "arm"], ()),
    ],
)
def test_the_default_profile_as_libseccomp_compiles_it(machine: str, abis: list[str], added: tuple[str, ...]):
    profile = default_profile(frozenset((*DEFAULT_CAPABILITIES, *added)), machine, (6, 18))
    assert profile is not None
    ours, theirs = code(profile, machine), by_libseccomp(profile, abis)
    named = {name for entry in profile["syscalls"] for name in entry["names"]}
    for abi in abis:
        numbers = table(abi)
        audit = X86_64 if abi == "x32" else _TOKENS[abi]
        bit = X32_BIT if abi == "x32" else 0
        highest = max(number for name, number in numbers.items() if name in named)
        for name, number in numbers.items():
            if not _known(abi, name) or number > highest:
                continue
            for value in SAMPLES:
                arguments = (value, 0, 0, 0, 0, 0)
                answer = run(ours, audit, bit | number, arguments)
                assert answer == run(theirs, audit, bit | number, arguments), (abi, name, hex(value))
        assert run(ours, audit, bit | highest + 1) == ENOSYS
    assert run(ours, 0x12345678, 0) in (KILL_THREAD, KILL_PROCESS)


def test_the_default_profile_names_only_calls_that_exist():
    every = {name for abi in _TOKENS for name in table(abi)}
    named = {name for entry in PROFILE["syscalls"] for name in entry["names"]}
    # Calls of other architectures; Arm knows the first by another name.
    assert named - every == {"sync_file_range2", "riscv_hwprobe", "riscv_flush_icache"}
