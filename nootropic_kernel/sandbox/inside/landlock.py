"""Landlock: this process and its children lose all access to files that is not granted here.

Source: https://docs.kernel.org/userspace-api/landlock.html and its header `linux/landlock.h`.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import linux

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
TRUNCATE = 1 << 14
# Rights 0 to 14 are of ABI 3 and older. The next, ioctl on devices, is left out: the devices granted are harmless.
_ALL_FILE_RIGHTS = (1 << 15) - 1
_READ = EXECUTE | READ_FILE | READ_DIR
_WRITE = _ALL_FILE_RIGHTS & ~(MAKE_CHAR | MAKE_BLOCK)
_OF_A_FILE = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE
_TCP_BIND_AND_CONNECT = 3
_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1, 2
# Older ones do not guard truncate(2).
OLDEST_ABI = 3
TCP_ABI = 4
SIGNAL_ABI = 6


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


def abi() -> int:
    """The version of Landlock that this kernel speaks; 0 when it has none."""
    try:
        return linux.syscall(linux.LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def restrict_files(reads: Iterable[str], writes: Iterable[str], *, version: int, tcp: bool) -> None:
    """Leave this process only reading below ``reads``, and all but making devices below ``writes``.

    Processes outside can then be neither signalled nor reached by an abstract socket (ABI 6); with ``tcp``, no port
    can be bound or connected to (ABI 4). Paths that do not exist are left out. Raises OSError.
    """
    network = _TCP_BIND_AND_CONNECT if tcp and version >= TCP_ABI else 0
    scoped = _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL if version >= SIGNAL_ABI else 0
    ruleset = _create(_ALL_FILE_RIGHTS, network, scoped)
    for paths, rights in ((reads, _READ), (writes, _WRITE)):
        for path in paths:
            _grant(ruleset, path, rights)
    linux.syscall(linux.LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def restrict_signals() -> None:
    """Let this process signal only the processes that it starts from now on (ABI 6). Raises OSError."""
    ruleset = _create(0, 0, _SCOPE_SIGNAL)
    linux.syscall(linux.LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def _create(files: int, network: int, scoped: int) -> int:
    attributes = _Ruleset(files, network, scoped)
    # An older kernel refuses a longer structure unless what it does not know is zero.
    return linux.syscall(
        linux.LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)),
        ctypes.c_uint32(0),
    )  # fmt: skip


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISDIR(os.fstat(handle).st_mode):
        rights &= _OF_A_FILE
    rule = struct.pack("=Qi", rights, handle)
    linux.syscall(linux.LANDLOCK_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
    os.close(handle)
