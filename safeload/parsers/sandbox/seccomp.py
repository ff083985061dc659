"""A filter that leaves a process reading, answering and computing; every other system call fails (Linux).

https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import os
import struct
import sys
from array import array

from safeload.lean import Any, Callable, Final

# The calls that stay, with their numbers on x86_64 and aarch64 (-1: there is no such call).
_CALLS: Final[dict[str, tuple[int, int]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "pread64": (17, 67),
    "preadv": (295, 69),
    "preadv2": (327, 286),  # what `os.preadv` becomes
    "recvmsg": (47, 212),
    "sendmsg": (46, 211),
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "mprotect": (10, 226),
    "futex": (202, 98),
    "close": (3, 57),
    "lseek": (8, 62),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "rt_sigaction": (13, 134),
    "rt_sigreturn": (15, 139),
    "rt_sigprocmask": (14, 135),
    "sigaltstack": (131, 132),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "getrandom": (318, 278),
    "poll": (7, -1),
    "ppoll": (271, 73),
    "restart_syscall": (219, 128),
    "getrusage": (98, 165),
    "prlimit64": (302, 261),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "sched_yield": (24, 124),
    "tgkill": (234, 131),
}
_ARCHITECTURES: Final = {
    "x86_64": (0xC000003E, {name: numbers[0] for name, numbers in _CALLS.items()}),
    "aarch64": (0xC00000B7, {name: numbers[1] for name, numbers in _CALLS.items()}),
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
    known = _ARCHITECTURES.get(os.uname().machine) if sys.platform == "linux" and sys.maxsize > 2**32 else None
    if known is None:
        return False
    code = array("B", program(*known))
    address, length = code.buffer_info()
    # struct sock_fprog: a 16-bit count, padding, a pointer.
    description = struct.pack("HxxxxxxP", length // 8, address)
    try:
        prctl = _prctl()
    except OSError:
        return False
    prctl(_PR_SET_DUMPABLE, 0, None, 0, 0)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, None, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, 2, description, 0, 0) == 0)


def _prctl() -> Callable[..., int]:
    """The C library's function, by what is C of `ctypes`: importing the rest takes longer than all else here."""
    from _ctypes import FUNCFLAG_CDECL, CFuncPtr, _SimpleCData, dlopen, dlsym

    kinds = {code: type(code, (_SimpleCData,), {"_type_": code}) for code in "iLz"}  # int, unsigned long, char *
    function = type("_Function", (CFuncPtr,), {"_flags_": FUNCFLAG_CDECL, "_restype_": kinds["i"]})
    prctl: Any = function(dlsym(dlopen(None, 0), "prctl"))  # type: ignore[arg-type]  # None: this process
    prctl.argtypes = tuple(kinds[code] for code in "iLzLL")
    call: Callable[..., int] = prctl
    return call


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
