"""Processes: clone with namespaces, credentials, capabilities, limits."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import ctypes
import errno
import fcntl
import os
import struct

from boxship.kernel.libc import after_fork_in_child, after_fork_in_parent, before_fork, locked_syscall, syscall

CLONE_NEWTIME = 0x80
CLONE_PARENT = 0x8000
CLONE_NEWNS = 0x20000
CLONE_NEWCGROUP = 0x2000000
CLONE_NEWUTS = 0x4000000
CLONE_NEWIPC = 0x8000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_INTO_CGROUP = 0x200000000

PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
PR_CAP_AMBIENT_CLEAR_ALL = 4

# NPTL's SIGCANCEL and SIGSETXID. A parent may have had them ignored, and that survives exec.
_LIBC_SIGNALS = (32, 33)
# struct sigaction of the kernel: handler SIG_DFL, no flags, no restorer, an empty mask.
_DEFAULT_ACTION = bytes(32)
_SIGSET_SIZE = 8
_CAPABILITY_VERSION_3 = 0x20080522
CLOSE_RANGE_CLOEXEC = 4
KEYCTL_JOIN_SESSION_KEYRING = 1

# linux/capability.h, in the order of their numbers.
CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
_CAPABILITY_NUMBER = {f"CAP_{name}": number for number, name in enumerate(CAPABILITIES)}


def fork_with_namespaces(flags: int, cgroup: int = -1) -> int:
    """fork(2) into new namespaces (CLONE_NEW*): 0 in the child, its pid in the caller.

    cgroup: a descriptor of the cgroup v2 folder that the child is born in. Where the kernel or a filter does not do
    that, it is born in the caller's: the child has to look.

    The process must have one thread. Done by a raw clone: unshare(2) would also tie every later child of the
    caller to the new pid namespace.
    """
    before_fork()
    pid = -1
    try:
        pid = _clone(flags, cgroup)
    finally:
        if pid == 0:
            after_fork_in_child()
        else:
            after_fork_in_parent()
    return pid


def _clone(flags: int, cgroup: int) -> int:
    if cgroup >= 0:
        # struct clone_args, its third version (Linux 5.7).
        arguments = struct.pack("=11Q", flags | CLONE_INTO_CGROUP, 0, 0, 0, _signal.SIGCHLD, *[0] * 5, cgroup)
        try:
            return locked_syscall("clone3", arguments, len(arguments))
        except OSError:
            # An older kernel, a seccomp filter that hides clone3, a group that takes nobody: whoever enters it by its
            # file is told why.
            pass
    return locked_syscall("clone", flags | _signal.SIGCHLD, 0, 0, 0, 0)


def unshare(flags: int) -> None:
    """unshare(2)."""
    syscall("unshare", flags)


def setns(fd: int, flags: int = 0) -> None:
    """setns(2): with a pidfd, `flags` names all the namespaces to enter at once."""
    syscall("setns", fd, flags)


def prctl(option: int, *values: int) -> int:
    """prctl(2)."""
    return syscall("prctl", option, *values)


def enter_new_time_namespace(offsets: list[tuple[str, int, int]]) -> None:
    """Leave this process's time namespace for a new one (time_namespaces(7)).

    offsets: (clock, seconds, nanoseconds) of "monotonic" and "boottime". The process must have one thread.
    """
    # The new namespace is for children, until it is entered by its own name; only until then it takes offsets.
    unshare(CLONE_NEWTIME)
    if offsets:
        fd = os.open("/proc/self/timens_offsets", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, "".join(f"{clock} {secs} {nanosecs}\n" for clock, secs, nanosecs in offsets).encode())
        finally:
            os.close(fd)
    fd = os.open("/proc/self/ns/time_for_children", os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(fd, CLONE_NEWTIME)
    finally:
        os.close(fd)


def set_hostname(name: str) -> None:
    """sethostname(2), in this UTS namespace."""
    data = name.encode()
    syscall("sethostname", data, len(data))


def set_domainname(name: str) -> None:
    """setdomainname(2), in this UTS namespace."""
    data = name.encode()
    syscall("setdomainname", data, len(data))


def set_name(name: str) -> None:
    """The name of this thread in /proc/PID/comm, at most 15 bytes (proc_pid_comm(5))."""
    fd = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
    os.write(fd, name.encode()[:15])
    os.close(fd)


def capability_mask(names: list[str]) -> int:
    """The bits of capabilities named "CAP_…". KeyError on an unknown one."""
    mask = 0
    for name in names:
        mask |= 1 << _CAPABILITY_NUMBER[name]
    return mask


def bounding_mask() -> int:
    """The capabilities that this process and all that it starts may ever have (PR_CAPBSET_READ)."""
    mask = 0
    for number in range(64):
        try:
            mask |= prctl(PR_CAPBSET_READ, number) << number
        except OSError:
            # EINVAL: this kernel knows no more.
            break
    return mask


def permitted_mask() -> int:
    """The capabilities that this process has and may hand on (capget(2))."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    data = ctypes.create_string_buffer(24)
    syscall("capget", header, data)
    # Two structs of effective, permitted, inheritable: the low and the high half.
    words = struct.unpack("=6I", data.raw)
    return int(words[1] | words[4] << 32)


def drop_bounding(keep: int) -> None:
    """Take every capability that is not in `keep` out of the bounding set (capabilities(7)). Needs CAP_SETPCAP."""
    for number in range(64):
        if keep >> number & 1:
            continue
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # This kernel knows no more.
            return


def set_capabilities(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) with masks."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    low = 0xFFFFFFFF
    data = struct.pack(
        "=6I",
        effective & low,
        permitted & low,
        inheritable & low,
        effective >> 32,
        permitted >> 32,
        inheritable >> 32,
    )
    syscall("capset", header, data)


def set_ambient(mask: int) -> None:
    """Make exactly `mask` the ambient set; every bit must be permitted and inheritable."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for number in range(64):
        if mask >> number & 1:
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number)


def close_on_exec_from(first: int) -> None:
    """Mark every descriptor from `first` up close-on-exec (close_range(2))."""
    syscall("close_range", first, 0xFFFFFFFF, CLOSE_RANGE_CLOEXEC)


def join_new_session_keyring() -> None:
    """Give this process a session keyring of its own (keyctl(2)), so that the host's keys stay out of reach.

    One without a name: by name the kernel joins any keyring of that name that lets itself be searched.
    """
    syscall("keyctl", KEYCTL_JOIN_SESSION_KEYRING, None)


def ignore_signals(*numbers: int) -> None:
    """SIG_IGN without the signal module's enumerations, whose many objects a fork would have to copy."""
    for number in numbers:
        _signal.signal(number, _signal.SIG_IGN)


def default_signals(*numbers: int) -> None:
    """SIG_DFL, likewise."""
    for number in numbers:
        _signal.signal(number, _signal.SIG_DFL)


def reset_signals() -> None:
    """Default handlers and an empty mask: ignored signals survive exec, and Python ignores SIGPIPE."""
    for number in range(1, _signal.NSIG):
        # What the interpreter found at its start, or has set since: most have the default handler already.
        if number not in _LIBC_SIGNALS and _signal.getsignal(number) != _signal.SIG_DFL:
            _signal.signal(number, _signal.SIG_DFL)
    for number in _LIBC_SIGNALS:
        # libc lets nobody set them.
        syscall("rt_sigaction", number, _DEFAULT_ACTION, None, _SIGSET_SIZE)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def loopback_up() -> None:
    """Bring `lo` up in this network namespace (netdevice(7)); the kernel gives it its addresses."""
    control = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        request = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | _IFF_UP))
    finally:
        control.close()


def own_executable_clone() -> int:
    """A descriptor of the running interpreter on a read-only mount of its own.

    A process started from it shows that mount as /proc/PID/exe: a container that gets hold of the link can read
    the host's interpreter, never write to it.
    """
    from boxship.kernel import mount

    fd = mount.clone_tree(os.path.realpath("/proc/self/exe"), recursive=False)
    mount.set_attributes(fd, add=mount.MOUNT_ATTR_RDONLY)
    return fd
