"""The classic BPF that seccomp takes (linux/filter.h, linux/bpf_common.h): instructions and how they are joined.

A fragment is a list of instructions that always ends in a return: nothing falls out of it, so fragments are put
one after the other and reached by relative jumps, which only go forward.
"""

from __future__ import annotations

import struct

Instruction = tuple[int, int, int, int]
Fragment = list[Instruction]

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP = 0x05  # BPF_JMP | BPF_JA
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_GREATER = 0x25  # BPF_JMP | BPF_JGT | BPF_K
_GREATER_EQUAL = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]
NUMBER_OFFSET = 0
ARCH_OFFSET = 4
_ARGUMENTS_OFFSET = 16

# BPF_MAXINSNS of linux/bpf_common.h
MAXIMUM_LENGTH = 4096
_LONGEST_JUMP = 255

# Where a condition jumps: resolved when the length of what follows is known.
_NEXT = "next"
_PASS = "pass"
_FAIL = "fail"


def load(offset: int) -> Instruction:
    """Load the 32-bit word at `offset` of struct seccomp_data."""
    return (_LOAD, 0, 0, offset)


def returns(value: int) -> Fragment:
    """End with a SECCOMP_RET_* value."""
    return [(_RETURN, 0, 0, value)]


def branch(code: int, value: int, then: Fragment, otherwise: Fragment) -> Fragment:
    """`then` where the loaded word compares with `value`, else `otherwise`."""
    if len(otherwise) <= _LONGEST_JUMP:
        return [(code, len(otherwise), 0, value), *otherwise, *then]
    return [(code, 0, 1, value), (_JUMP, 0, 0, len(otherwise)), *otherwise, *then]


def if_equal(value: int, then: Fragment, otherwise: Fragment) -> Fragment:
    """`then` where the loaded word is `value`, else `otherwise`."""
    return branch(_EQUAL, value, then, otherwise)


def if_at_least(value: int, then: Fragment, otherwise: Fragment) -> Fragment:
    """`then` where the loaded word is `value` or more, else `otherwise`."""
    return branch(_GREATER_EQUAL, value, then, otherwise)


# One step of a comparison: (code, value or offset, where to when true, where to when false).
_Step = tuple[int, int, str, str]


def _compare(operator: str, offset: int, value: int, datum: int, words: int) -> list[_Step]:
    """The steps of one comparison of a 32-bit (words 1) or 64-bit (words 2) little-endian argument."""
    low, high = value & 0xFFFFFFFF, value >> 32
    wide = words == 2
    load_low: _Step = (_LOAD, offset, _NEXT, _NEXT)
    load_high: _Step = (_LOAD, offset + 4, _NEXT, _NEXT)
    if operator == "SCMP_CMP_MASKED_EQ":
        steps: list[_Step] = []
        if wide:
            steps += [load_high, (_AND, high, _NEXT, _NEXT), (_EQUAL, datum >> 32, _NEXT, _FAIL)]
        return [*steps, load_low, (_AND, low, _NEXT, _NEXT), (_EQUAL, datum & 0xFFFFFFFF, _PASS, _FAIL)]
    if operator in ("SCMP_CMP_EQ", "SCMP_CMP_NE"):
        same, different = (_PASS, _FAIL) if operator == "SCMP_CMP_EQ" else (_FAIL, _PASS)
        head = [load_high, (_EQUAL, high, _NEXT, different)] if wide else []
        return [*head, load_low, (_EQUAL, low, same, different)]
    more, less = (_PASS, _FAIL) if operator in ("SCMP_CMP_GT", "SCMP_CMP_GE") else (_FAIL, _PASS)
    head = [load_high, (_GREATER, high, more, _NEXT), (_EQUAL, high, _NEXT, less)] if wide else []
    last = _GREATER if operator in ("SCMP_CMP_GT", "SCMP_CMP_LE") else _GREATER_EQUAL
    return [*head, load_low, (last, low, more, less)]


def if_all(conditions: list[tuple[int, str, int, int]], words: int, then: Fragment, otherwise: Fragment) -> Fragment:
    """`then` where every condition holds, else `otherwise`.

    conditions: (argument's index, SCMP_CMP_*, value, datum); for SCMP_CMP_MASKED_EQ `value` is the mask.
    words: 2 compares whole 64-bit arguments, 1 their lower half (32-bit ABIs).
    """
    blocks = [
        _compare(operator, _ARGUMENTS_OFFSET + 8 * index, value, datum, words)
        for index, operator, value, datum in conditions
    ]
    total = sum(map(len, blocks))
    # After the comparisons: one jump to `otherwise`, then `then` itself.
    code: Fragment = []
    for block in blocks:
        end = len(code) + len(block)
        for name, value, when_true, when_false in block:
            here = len(code) + 1
            targets = {_NEXT: 0, _PASS: (end if end < total else total + 1) - here, _FAIL: total - here}
            code.append((name, targets[when_true], targets[when_false], value))
    return [*code, (_JUMP, 0, 0, len(then)), *then, *otherwise]


def assemble(fragment: Fragment) -> bytes:
    """struct sock_filter entries in this machine's byte order. ValueError when the kernel would not take so many."""
    if len(fragment) > MAXIMUM_LENGTH:
        raise ValueError(f"the filter has {len(fragment)} instructions, the kernel takes {MAXIMUM_LENGTH}")
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in fragment)
