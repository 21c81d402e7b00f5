"""A cell on Linux: resource limits, no_new_privs, Landlock and a seccomp filter, through prctl(2) and
syscall(2).

Each layer stands alone: a kernel (or a service manager's filter) that refuses one leaves the others. All of
them hold for the threads that are started afterwards, and none can be taken back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38  # linux/prctl.h
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same numbers on every architecture
_LANDLOCK_VERSION = 1
_LANDLOCK_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights each ABI knows; from 5 on 16
_LANDLOCK_NET_ABI, _LANDLOCK_SCOPE_ABI = 4, 6
_ALLOW, _DENY = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_CLONE_THREAD = 0x10000
_LOAD, _JUMP_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h, for 32-bit words
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = (
    0,
    4,
    16,
)  # struct seccomp_data; the low word of the first argument

# What a decoder needs of the kernel: memory, the two pipes, locks, time. By name: x86_64, aarch64.
_ALLOWED = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "uname": (63, 160),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
_CLONE, _CLONE3 = (56, 220), 435
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of the table; AUDIT_ARCH_*


def enter() -> tuple[str, ...]:
    """Enter the cell; the layers that this kernel granted, of `limits`, `no_new_privs`, `landlock`,
    `seccomp`."""
    if sys.platform == "win32":  # for the type checker: nobody asks there
        return ()
    import resource

    libc = ctypes.CDLL(None, use_errno=True)
    # nobody of our own user reads a picture out of our memory either
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    granted = ["limits"]
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        granted.append("no_new_privs")
        if _landlock(libc):
            granted.append("landlock")
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    if "no_new_privs" in granted and _seccomp(libc):
        granted.append("seccomp")
    return tuple(granted)


def _landlock(libc: ctypes.CDLL) -> bool:
    """No path may be opened, no port bound or reached: a ruleset without a single rule."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_VERSION))
    if abi < 1:
        return False
    rights = struct.pack("<Q", (1 << _LANDLOCK_FILE_RIGHTS.get(abi, 16)) - 1)
    if abi >= _LANDLOCK_NET_ABI:
        rights += struct.pack("<Q", 0b11)  # bind and connect of TCP
    if abi >= _LANDLOCK_SCOPE_ABI:
        rights += struct.pack("<Q", 0b11)  # abstract sockets, and signals to others
    ruleset = libc.syscall(_LANDLOCK_CREATE, rights, ctypes.c_size_t(len(rights)), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        return bool(libc.syscall(_LANDLOCK_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _seccomp(libc: ctypes.CDLL) -> bool:
    """Every system call that is not in the table fails with EPERM: no file, socket, process, signal or
    limit."""
    if platform.machine() not in _MACHINES:
        return False
    program = _program(*_MACHINES[platform.machine()])
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0)


def _program(column: int, architecture: int) -> Sequence[bytes]:
    """The filter as BPF instructions."""

    def step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_so, if_not, value)

    def answer(number: int, result: int) -> list[bytes]:
        return [step(_JUMP_EQUAL, number, 0, 1), step(_RETURN, result)]

    program = [
        step(_LOAD, _ARCHITECTURE_AT),
        step(_JUMP_EQUAL, architecture, 1, 0),
        step(_RETURN, _DENY | errno.EPERM),
    ]
    program.append(step(_LOAD, _NUMBER_AT))
    for numbers in _ALLOWED.values():
        program += answer(numbers[column], _ALLOW)
    # clone3 hides its flags behind a pointer: "not known here" has the C library use clone, whose flags are
    # seen.
    program += answer(_CLONE3, _DENY | errno.ENOSYS)
    program += [step(_JUMP_EQUAL, _CLONE[column], 0, 3), step(_LOAD, _ARGUMENT_AT)]
    program += [step(_JUMP_SET, _CLONE_THREAD, 0, 1), step(_RETURN, _ALLOW)]
    return [*program, step(_RETURN, _DENY | errno.EPERM)]
