"""Namespaces of its own: a root with nothing in it but what is bound there, its own processes, and no network.

The order of the steps is that of pivot_root(2), user_namespaces(7) and mount_namespaces(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import struct

from . import linux, spec, syscalls

# `typing` takes long to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_NEW_USER, _NEW_MOUNTS, _NEW_PROCESSES = 0x10000000, 0x00020000, 0x20000000
_NEW_NETWORK, _NEW_IPC, _NEW_UTS, _NEW_CGROUP = 0x40000000, 0x08000000, 0x04000000, 0x02000000
_MS_READ_ONLY, _MS_NO_SUID, _MS_NO_DEVICES, _MS_NO_EXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_RECURSIVE, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_READ_ONLY, _ATTR_NO_SUID, _ATTR_NO_DEVICES = 1, 2, 4
_AF_INET, _SOCK_DGRAM, _SIOCSIFFLAGS, _IFF_UP = 2, 2, 0x8914, 1
_OLD_ROOT = "/.host"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def enter(run: spec.Spec) -> None:
    """Return in process 1 of new namespaces; the process that called waits for it, and ends as soon as it does."""
    user, group = os.getuid(), os.getgid()
    linux.unshare(_NEW_USER | _NEW_MOUNTS | _NEW_PROCESSES | _NEW_NETWORK | _NEW_IPC | _NEW_UTS | _NEW_CGROUP)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    # Not before: a change of credentials can undo it.
    linux.prctl(linux.PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != run.caller:
        raise OSError("the caller has ended")
    alive, held = os.pipe()
    child = os.fork()
    if child:
        os.close(alive)
        _wait_for(child)
    os.close(held)
    linux.prctl(linux.PR_SET_PDEATHSIG, int(signal.SIGKILL))
    # The parent may have died before it was asked to take this process with it.
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)
    os.close(alive)
    linux.sethostname("sandbox")
    _loopback_up()
    _new_root(run)


def _wait_for(child: int) -> NoReturn:
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _new_root(run: spec.Spec) -> None:
    # What is mounted here is never seen outside, nor the other way round.
    linux.mount("none", "/", None, _MS_RECURSIVE | _MS_PRIVATE)
    # Any folder will do to stand on; the old root comes with all that this one hides.
    linux.mount("tmpfs", "/tmp", "tmpfs", _MS_NO_SUID | _MS_NO_DEVICES, "mode=755,size=1m")
    os.mkdir("/tmp" + _OLD_ROOT)
    _pivot("/tmp", "/tmp" + _OLD_ROOT)
    os.chdir("/")
    private = f"mode=700,size={run.tmp_mb}m,nr_inodes={run.tmp_mb * 64}"
    _tmpfs("/tmp", private)
    _tmpfs("/dev", "mode=755,size=64k")
    for path, target in run.links:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)
    for path, source, writable in run.binds:
        _bind(source, path, writable)
    for name in _DEVICES:
        if os.path.exists(f"{_OLD_ROOT}/dev/{name}"):
            _bind(f"/dev/{name}", f"/dev/{name}", writable=True, device=True)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")
    _tmpfs("/dev/shm", private)
    os.mkdir("/proc")
    try:
        linux.mount("proc", "/proc", "proc", _MS_READ_ONLY | _MS_NO_SUID | _MS_NO_DEVICES | _MS_NO_EXEC)
    except PermissionError:
        pass  # in a container that hides parts of /proc: it stays empty
    linux.umount(_OLD_ROOT, _DETACH)
    os.rmdir(_OLD_ROOT)
    for path in ("/", "/dev"):
        linux.mount("none", path, None, _MS_REMOUNT | _MS_BIND | _MS_READ_ONLY | _MS_NO_SUID)


def _tmpfs(path: str, options: str) -> None:
    os.makedirs(path, exist_ok=True)
    linux.mount("tmpfs", path, "tmpfs", _MS_NO_SUID | _MS_NO_DEVICES, options)


def _bind(source: str, path: str, writable: bool, device: bool = False) -> None:
    source = _OLD_ROOT + source
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o444))
    linux.mount(source, path, None, _MS_BIND | _MS_RECURSIVE)
    wanted = _ATTR_NO_SUID | (0 if device else _ATTR_NO_DEVICES) | (0 if writable else _ATTR_READ_ONLY)
    attributes = struct.pack("=QQQQ", wanted, 0, 0, 0)
    linux.syscall(
        linux.MOUNT_SETATTR, ctypes.c_int(_AT_FDCWD), os.fsencode(path), ctypes.c_uint(_AT_RECURSIVE), attributes,
        ctypes.c_size_t(len(attributes)),
    )  # fmt: skip


def _pivot(root: str, old: str) -> None:
    number = syscalls.number("pivot_root", os.uname().machine)
    if number is None:
        raise OSError(f"the system calls of {os.uname().machine} are not known here")
    linux.syscall(number, os.fsencode(root), os.fsencode(old))


def _loopback_up() -> None:
    any_socket = linux.socket(_AF_INET, _SOCK_DGRAM)
    fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    os.close(any_socket)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
