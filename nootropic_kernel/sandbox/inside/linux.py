"""The calls to the kernel that Python has no functions for."""

from __future__ import annotations

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
# Numbers that are the same on every architecture.
CLOSE_RANGE = 436
MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: object) -> int:
    """Make a system call; raises OSError."""
    return checked(_libc.syscall(ctypes.c_long(number), *arguments), f"system call {number}")


def prctl(option: int, *values: object) -> None:
    """prctl(2); raises OSError."""
    padded = [*values, 0, 0, 0, 0][:4]
    words = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in padded]
    checked(_libc.prctl(ctypes.c_int(option), *words), f"prctl {option}")


def unshare(flags: int) -> None:
    """unshare(2), which Python has since 3.12; raises OSError."""
    checked(_libc.unshare(ctypes.c_int(flags)), "new namespaces")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2); raises OSError."""
    words = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    checked(_libc.mount(*words, ctypes.c_ulong(flags), data), f"mount of {target}")


def umount(target: str, flags: int) -> None:
    """umount2(2); raises OSError."""
    checked(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), f"unmount of {target}")


def sethostname(name: str) -> None:
    """sethostname(2), without the import of all of `socket`; raises OSError."""
    checked(_libc.sethostname(name.encode(), ctypes.c_size_t(len(name))), "host name")


def socket(family: int, kind: int) -> int:
    """socket(2), likewise; raises OSError."""
    return checked(_libc.socket(ctypes.c_int(family), ctypes.c_int(kind), ctypes.c_int(0)), "socket")


def drop_capabilities() -> None:
    """Give up every capability, as root has them too. With no_new_privs set before, none comes back."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capabilities")


def close_from(first: int) -> None:
    """Close every descriptor from ``first`` on."""
    syscall(CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))


def checked(result: int, what: str) -> int:
    """``result``, or the OSError that a negative one stands for."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
