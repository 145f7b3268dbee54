"""From the `linux.seccomp` of an OCI runtime spec to the BPF program that the kernel runs. Pure.

Decisions that profiles rely on, taken from how runc and libseccomp behave (OCI runtime-spec config-linux.md,
seccomp(2), seccomp_rule_add(3)):

- names that an ABI does not have are passed over;
- a rule whose action is the default action is passed over;
- the numbers above the highest call that the rules name answer ENOSYS, unless the default action lets calls
  through: a C library then falls back, where EPERM would make it fail;
- conditions on one argument twice in one rule are alternatives, on different arguments they all must hold;
- a rule without conditions wins over those with conditions for the same call;
- calls of an architecture that the profile does not name kill.
"""

from __future__ import annotations

import errno

from boxship.kernel import seccomp
from boxship.kernel.seccomp import code
from boxship.kernel.syscalls import MULTIPLEXED, table
from boxship.lib.errors import InvalidParameter, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# SECCOMP_RET_* of linux/seccomp.h
KILL_PROCESS = 0x80000000
KILL_THREAD = 0x00000000
_TRAP = 0x00030000
_ERRNO = 0x00050000
_TRACE = 0x7FF00000
_LOG = 0x7FFC0000
_NOTIFY = 0x7FC00000
ALLOW = 0x7FFF0000
_DATA = 0xFFFF

ACTIONS = {
    "SCMP_ACT_KILL": KILL_THREAD,
    "SCMP_ACT_KILL_THREAD": KILL_THREAD,
    "SCMP_ACT_KILL_PROCESS": KILL_PROCESS,
    "SCMP_ACT_TRAP": _TRAP,
    "SCMP_ACT_ERRNO": _ERRNO,
    "SCMP_ACT_TRACE": _TRACE,
    "SCMP_ACT_LOG": _LOG,
    "SCMP_ACT_NOTIFY": _NOTIFY,
    "SCMP_ACT_ALLOW": ALLOW,
}
OPERATORS = {
    "SCMP_CMP_NE",
    "SCMP_CMP_LT",
    "SCMP_CMP_LE",
    "SCMP_CMP_EQ",
    "SCMP_CMP_GE",
    "SCMP_CMP_GT",
    "SCMP_CMP_MASKED_EQ",
}
FLAGS = {
    "SECCOMP_FILTER_FLAG_TSYNC": seccomp.SECCOMP_FILTER_FLAG_TSYNC,
    "SECCOMP_FILTER_FLAG_LOG": seccomp.SECCOMP_FILTER_FLAG_LOG,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": seccomp.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
}

# AUDIT_ARCH_* of linux/audit.h
_AUDIT_X86_64 = 0xC000003E
_AUDIT_I386 = 0x40000003
_AUDIT_AARCH64 = 0xC00000B7
_AUDIT_ARM = 0x40000028
_X32_BIT = 0x40000000

# machine -> its own architecture, then those that its kernel also runs: (the profile's name, AUDIT_ARCH, table)
_NATIVE = {
    "x86_64": (
        ("SCMP_ARCH_X86_64", _AUDIT_X86_64, "x86_64"),
        ("SCMP_ARCH_X86", _AUDIT_I386, "i386"),
        ("SCMP_ARCH_X32", _AUDIT_X86_64, "x32"),
    ),
    "aarch64": (("SCMP_ARCH_AARCH64", _AUDIT_AARCH64, "aarch64"), ("SCMP_ARCH_ARM", _AUDIT_ARM, "arm")),
}
ARCHITECTURES = tuple(abi[0] for abis in _NATIVE.values() for abi in abis)
# As libseccomp: of arguments of the ABIs with 32-bit pointers it compares the lower half.
_WORDS = {"x86_64": 2, "aarch64": 2, "x32": 1, "i386": 1, "arm": 1}

Condition = tuple[int, str, int, int]
# number of the call -> (verdict without conditions or None, [(conditions, verdict), …])
_Calls = dict[int, tuple[int | None, list[tuple[list[Condition], int]]]]


def compile_filter(profile: dict[str, Any], machine: str, *, notify: bool = False) -> bytes:
    """The program for `load_program`.

    profile: `linux.seccomp` of an OCI runtime spec. machine: as uname(2) names it. notify: whether the caller hands
    calls to a supervisor (SCMP_ACT_NOTIFY). InvalidParameter for what is no valid profile, Unsupported for
    notification without that and for machines without a table.
    """
    if machine not in _NATIVE:
        raise Unsupported(
            f"seccomp profiles for {machine} are not supported yet\n"
            "  to run without one:  --security-opt seccomp=unconfined"
        )
    if not notify and profile.get("listenerPath"):
        raise Unsupported("a seccomp profile with listenerPath is not supported; remove it from the profile")
    _check_notify(profile, supported=notify)
    default = _verdict(profile.get("defaultAction", ""), profile.get("defaultErrnoRet"))
    rules = list(profile.get("syscalls") or [])
    native, *others = _NATIVE[machine]
    wanted = set(profile.get("architectures") or ())
    present = [abi for abi in others if abi[0] in wanted]
    sections = {abi[2]: _section(abi[2], rules, default) for abi in (native, *present)}

    body = sections[native[2]]
    if machine == "x86_64":
        # x32 shares AUDIT_ARCH_X86_64; its calls carry one more bit.
        # A tracer cancels a call with the number -1: that is no x32 call.
        foreign = code.if_equal(0xFFFFFFFF, code.returns(default), code.returns(KILL_THREAD))
        body = code.if_at_least(_X32_BIT, sections.get("x32", foreign), body)
    program = code.returns(KILL_THREAD)
    for _, audit, name in present:
        if audit != native[1]:
            program = code.if_equal(audit, [code.load(code.NUMBER_OFFSET), *sections[name]], program)
    program = code.if_equal(native[1], [code.load(code.NUMBER_OFFSET), *body], program)
    program.insert(0, code.load(code.ARCH_OFFSET))
    try:
        instructions = code.assemble(program)
    except ValueError as error:
        raise InvalidParameter(f"the seccomp profile is too big: {error}") from None
    flags = _flags(profile)
    if _notifies(profile):
        flags |= seccomp.SECCOMP_FILTER_FLAG_NEW_LISTENER
    return seccomp.HEAD.pack(seccomp.MAGIC, flags, len(instructions)) + instructions


def _notifies(profile: dict[str, Any]) -> bool:
    return any(rule.get("action") == "SCMP_ACT_NOTIFY" for rule in profile.get("syscalls") or ())


def _check_notify(profile: dict[str, Any], *, supported: bool) -> None:
    """InvalidParameter for a profile under which the supervisor would never get its descriptor."""
    if profile.get("defaultAction") == "SCMP_ACT_NOTIFY" or (_notifies(profile) and not supported):
        raise Unsupported("seccomp action SCMP_ACT_NOTIFY is not supported; remove it from the profile")
    if not _notifies(profile):
        return
    if not profile.get("listenerPath"):
        raise InvalidParameter("seccomp action SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath")
    if "SECCOMP_FILTER_FLAG_TSYNC" in (profile.get("flags") or ()):
        raise InvalidParameter("seccomp flag SECCOMP_FILTER_FLAG_TSYNC does not go with SCMP_ACT_NOTIFY")
    for rule in profile["syscalls"]:
        if rule.get("action") == "SCMP_ACT_NOTIFY" and "sendmsg" in (rule.get("names") or ()):
            # By sendmsg(2) the supervisor gets the descriptor: the call would wait for who does not have it yet.
            raise InvalidParameter("seccomp action SCMP_ACT_NOTIFY can't be used for sendmsg")


def _flags(profile: dict[str, Any]) -> int:
    names = profile.get("flags")
    if names is None:
        # As runc: a confined process keeps the machine's speculation settings.
        return seccomp.SECCOMP_FILTER_FLAG_SPEC_ALLOW
    unknown = [name for name in names if name not in FLAGS]
    if unknown:
        raise InvalidParameter(f"seccomp flag {unknown[0]!r} is not known; known are {', '.join(sorted(FLAGS))}")
    return sum({FLAGS[name] for name in names})


def _verdict(action: str, errno_return: int | None) -> int:
    if action not in ACTIONS:
        raise InvalidParameter(f"string {action} is not a valid action for seccomp")
    verdict = ACTIONS[action]
    if verdict in (_ERRNO, _TRACE):
        verdict |= (errno.EPERM if errno_return is None else errno_return) & _DATA
    return verdict


def _section(abi: str, rules: list[dict[str, Any]], default: int) -> code.Fragment:
    """The tree of one ABI; the call's number is loaded."""
    calls, highest = _calls(abi, rules, default)
    base = _X32_BIT if abi == "x32" else 0
    above = default if default in (ALLOW, _LOG) else _ERRNO | errno.ENOSYS
    edges = {0: code.returns(default)}
    for number in sorted(calls):
        edges[number] = _leaf(calls[number], default, _WORDS[abi])
        edges[number + 1] = code.returns(default)
    # What lies above the highest call that the profile names is newer than the profile.
    edges[highest + 1] = code.returns(above)
    leaves: list[tuple[int, code.Fragment]] = []
    for number, leaf in sorted(edges.items()):
        if not leaves or leaves[-1][1] != leaf:
            leaves.append((base + number, leaf))
    return _tree(leaves)


def _tree(leaves: list[tuple[int, code.Fragment]]) -> code.Fragment:
    """Binary search over (first number, what to do from there up to the next entry)."""
    if len(leaves) == 1:
        return leaves[0][1]
    middle = len(leaves) // 2
    return code.if_at_least(leaves[middle][0], _tree(leaves[middle:]), _tree(leaves[:middle]))


def _leaf(call: tuple[int | None, list[tuple[list[Condition], int]]], default: int, words: int) -> code.Fragment:
    unconditional, conditional = call
    if unconditional is not None:
        return code.returns(unconditional)
    fragment = code.returns(default)
    for conditions, verdict in reversed(conditional):
        fragment = code.if_all(conditions, words, code.returns(verdict), fragment)
    return fragment


def _calls(abi: str, rules: list[dict[str, Any]], default: int) -> tuple[_Calls, int]:
    """What to do with each call that the rules name, and the highest of their numbers."""
    numbers = table(abi)
    calls: _Calls = {}
    highest = -1

    def add(number: int, conditions: list[Condition], verdict: int) -> None:
        unconditional, conditional = calls.setdefault(number, (None, []))
        if conditions:
            conditional.append((conditions, verdict))
        elif unconditional is None:
            calls[number] = (verdict, conditional)

    for rule in rules:
        verdict = _verdict(rule.get("action", ""), rule.get("errnoRet"))
        names = rule.get("names") or []
        highest = max([highest, *(numbers.get(name, -1) for name in names)])
        if verdict == default:
            continue
        alternatives = _alternatives([_condition(argument) for argument in rule.get("args") or []])
        for name in names:
            if name in numbers:
                for conditions in alternatives:
                    add(numbers[name], conditions, verdict)
            if abi == "i386" and name in MULTIPLEXED and alternatives == [[]]:
                multiplexer, argument = MULTIPLEXED[name]
                add(numbers[multiplexer], [(0, "SCMP_CMP_EQ", argument, 0)], verdict)
    return calls, highest


def _condition(argument: dict[str, Any]) -> Condition:
    index, operator = argument.get("index", 0), argument.get("op", "")
    if operator not in OPERATORS:
        raise InvalidParameter(f"string {operator} is not a valid operator for seccomp")
    if not 0 <= index <= 5:
        raise InvalidParameter(f"seccomp argument index {index} is not one of 0 to 5")
    return (index, operator, argument.get("value", 0), argument.get("valueTwo", 0))


def _alternatives(conditions: list[Condition]) -> list[list[Condition]]:
    indexes = [condition[0] for condition in conditions]
    if len(set(indexes)) < len(indexes):
        return [[condition] for condition in conditions]
    return [conditions]
