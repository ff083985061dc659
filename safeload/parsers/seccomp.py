"""A filter that leaves a process reading, answering and computing; every other system call fails (Linux).

https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import platform
import struct
import sys
from typing import Final

# Numbers of the calls that stay, in the order of `_NAMES`, for the architectures that have a table here.
_NAMES: Final = (
    "read write pread64 recvmsg sendmsg recvfrom sendto mmap munmap mremap brk madvise mprotect futex close lseek exit"
    " exit_group rt_sigaction rt_sigreturn rt_sigprocmask sigaltstack clock_gettime clock_nanosleep getrandom poll ppoll"
    " restart_syscall getrusage prlimit64 getpid gettid sched_yield tgkill"
).split()
_X86_64: Final = (
    (0, 1, 17, 47, 46, 45, 44, 9, 11, 25, 12, 28, 10, 202, 3, 8, 60)
    + (231, 13, 15, 14, 131, 228, 230, 318, 7, 271)
    + (219, 98, 302, 39, 186, 24, 234)
)
_AARCH64: Final = (
    (63, 64, 67, 212, 211, 207, 206, 222, 215, 216, 214, 233, 226, 98, 57, 62, 93)
    + (94, 134, 139, 135, 132, 113, 115, 278, -1, 73)
    + (128, 165, 261, 172, 178, 124, 131)
)
_ARCHITECTURES: Final = {
    "x86_64": (0xC000003E, dict(zip(_NAMES, _X86_64, strict=True))),
    "aarch64": (0xC00000B7, dict(zip(_NAMES, _AARCH64, strict=True))),
}
_EXEC: Final = 4  # PROT_EXEC

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_BITS: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_ANSWER: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # EPERM
_KILL: Final = 0x80000000

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_PR_SET_DUMPABLE: Final = 4


def install() -> bool:
    """Whether the filter is in force now."""
    known = _ARCHITECTURES.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 2**32 else None
    if known is None:
        return False
    import ctypes

    code = program(*known)
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a 16-bit count, padding, a pointer.
    description = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_ulong)
    prctl(_PR_SET_DUMPABLE, 0, None, 0, 0)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, None, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, 2, description, 0, 0) == 0)


def program(architecture: int, numbers: dict[str, int]) -> bytes:
    """The filter as BPF: another architecture kills; a call on the list passes; any other fails with EPERM."""
    kept = {name: number for name, number in numbers.items() if number >= 0}
    guarded = {kept.pop("mmap"): 2, kept.pop("mprotect"): 2}
    limits = kept.pop("prlimit64")
    body = [
        _op(_LOAD, 4),
        _op(_EQUAL, architecture, 1, 0),
        _op(_ANSWER, _KILL),
        _op(_LOAD, 0),
    ]
    for number in kept.values():
        body += [_op(_EQUAL, number, 0, 1), _op(_ANSWER, _ALLOW)]
    for number, argument in guarded.items():
        # No memory that can be executed: the low half of the protection argument.
        body += [
            _op(_EQUAL, number, 0, 4),
            _op(_LOAD, 16 + 8 * argument),
            _op(_BITS, _EXEC, 1, 0),
            _op(_ANSWER, _ALLOW),
            _op(_ANSWER, _REFUSE),
        ]
    # Limits of this process only: the low half of the first argument is zero.
    body += [
        _op(_EQUAL, limits, 0, 4),
        _op(_LOAD, 16),
        _op(_EQUAL, 0, 0, 1),
        _op(_ANSWER, _ALLOW),
        _op(_ANSWER, _REFUSE),
        _op(_ANSWER, _REFUSE),
    ]
    return b"".join(body)


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)
