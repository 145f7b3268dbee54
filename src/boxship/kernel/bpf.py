"""The device allow-list of cgroup v2: an eBPF program attached to the group (bpf(2), linux/bpf.h).

The program is assembled here, without a compiler. It sees struct bpf_cgroup_dev_ctx: access_type (the kind in the
lower half, the accesses in the upper), major, minor; it answers 1 to let the access through.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from boxship.kernel.libc import syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boxship.kernel.cgroup.devices import Device

_BPF_PROG_LOAD = 5
_BPF_PROG_ATTACH = 8
_BPF_PROG_TYPE_CGROUP_DEVICE = 15
_BPF_CGROUP_DEVICE = 6
# With this flag the groups above keep their programs: all of them must agree.
_BPF_F_ALLOW_MULTI = 2

_KINDS = {"b": 1, "c": 2}
_ACCESSES = {"m": 1, "r": 2, "w": 4}
_ALL_ACCESSES = 7

# Operations of the eBPF instruction set (Documentation/bpf/standardization/instruction-set.rst).
_LOAD_WORD = 0x61
_MOVE = 0xBC
_AND = 0x54
_SHIFT_RIGHT = 0x74
_SET = 0xB7
_JUMP_NOT_EQUAL = 0x55
_EXIT = 0x95

_R0, _CONTEXT, _ACCESS, _KIND, _MAJOR, _MINOR, _SCRATCH = range(7)

_LOG_SIZE = 1 << 16


def _instruction(operation: int, target: int = 0, source: int = 0, offset: int = 0, immediate: int = 0) -> bytes:
    return struct.pack("=BBhi", operation, source << 4 | target, offset, immediate)


def assemble_devices(allowed: list[Device]) -> bytes:
    """struct bpf_insn[] that lets through exactly what `allowed` names."""
    code = [
        _instruction(_LOAD_WORD, _ACCESS, _CONTEXT, 0),
        _instruction(_MOVE, _KIND, _ACCESS),
        _instruction(_AND, _KIND, immediate=0xFFFF),
        _instruction(_SHIFT_RIGHT, _ACCESS, immediate=16),
        _instruction(_LOAD_WORD, _MAJOR, _CONTEXT, 4),
        _instruction(_LOAD_WORD, _MINOR, _CONTEXT, 8),
    ]
    for kind, major, minor, access in allowed:
        tests: list[bytes | tuple[int, int]] = []
        if kind != "a":
            tests.append((_KIND, _KINDS[kind]))
        refused = _ALL_ACCESSES & ~sum(_ACCESSES[letter] for letter in access)
        if refused:
            # An access that is asked for and not allowed leaves a bit.
            tests += [
                _instruction(_MOVE, _SCRATCH, _ACCESS),
                _instruction(_AND, _SCRATCH, immediate=refused),
                (_SCRATCH, 0),
            ]
        if major >= 0:
            tests.append((_MAJOR, major))
        if minor >= 0:
            tests.append((_MINOR, minor))
        # A test that fails goes on behind this rule: behind the other tests and the two instructions that say yes.
        for place, test in enumerate(tests):
            if isinstance(test, bytes):
                code.append(test)
            else:
                distance = len(tests) - place - 1 + 2
                code.append(_instruction(_JUMP_NOT_EQUAL, test[0], offset=distance, immediate=test[1]))
        code += [_instruction(_SET, _R0, immediate=1), _instruction(_EXIT)]
    code += [_instruction(_SET, _R0, immediate=0), _instruction(_EXIT)]
    return b"".join(code)


def load_devices(program: bytes) -> int:
    """Hand the program to the kernel; its file descriptor. OSError carries the verifier's log."""
    code = ctypes.create_string_buffer(program, len(program))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    head = struct.pack(
        "=IIQQ",
        _BPF_PROG_TYPE_CGROUP_DEVICE,
        len(program) // 8,
        ctypes.addressof(code),
        ctypes.addressof(licence),
    )
    try:
        return _bpf(_BPF_PROG_LOAD, head)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise
        log = ctypes.create_string_buffer(_LOG_SIZE)
        try:
            return _bpf(_BPF_PROG_LOAD, head + struct.pack("=IIQ", 1, _LOG_SIZE, ctypes.addressof(log)))
        except OSError as again:
            text = log.value.decode("ascii", "replace").strip()
            raise OSError(again.errno, f"{again.strerror} ({text})") from None


def attach_devices(folder: str, program: int) -> None:
    """Attach a loaded program to the group at `folder`; it lives as long as the group."""
    group = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _bpf(_BPF_PROG_ATTACH, struct.pack("=IIII", group, program, _BPF_CGROUP_DEVICE, _BPF_F_ALLOW_MULTI))
    finally:
        os.close(group)


def _bpf(command: int, attributes: bytes) -> int:
    return syscall("bpf", command, attributes, len(attributes))
