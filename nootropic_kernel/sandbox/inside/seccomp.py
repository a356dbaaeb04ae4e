"""The filter on system calls: what confined code has no use for, and what no other means of ours confines.

A rule names a call, what is to be seen in one of its arguments for the rule to hold, and what the call then answers.
Source: https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from . import linux, syscalls

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
MACHINES = tuple(syscalls.AUDIT)
_X32 = 0x40000000
_UNIX, _INET, _INET6 = 1, 2, 10
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
_NEW_NAMESPACES = 0x7E020080
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX and FIOCLEX: what programs ask of any descriptor.
_HARMLESS_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# F_SETOWN, F_SETSIG and F_SETOWN_EX: they make the kernel send a signal when there is something to read.
_SIGNAL_FROM_DESCRIPTOR = (8, 10, 15)
_SET_IDS, _PIPE_OR_DEVICE = 0o6000, 0o030000


class Rule:
    """``call`` answers with ``error`` (0: it seems to succeed); given a condition on an argument, only if that holds.

    ``equal``: the argument is one of these; ``other``: it is none of these; ``bits``: it has one of these bits.
    """

    def __init__(
        self,
        call: str,
        error: int = errno.EPERM,
        *,
        argument: int = 0,
        equal: tuple[int, ...] = (),
        other: tuple[int, ...] = (),
        bits: int = 0,
    ) -> None:
        self.call = call
        self.error = error
        self.argument = argument
        self.equal = equal
        self.other = other
        self.bits = bits


# Ways to the kernel's inner parts, to other processes, to other views of the files; and memory that no limit counts.
_REFUSED = tuple(
    """
    acct add_key adjtimex bpf chroot clock_adjtime clock_settime delete_module fanotify_init finit_module
    fsconfig fsmount fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl
    kcmp kexec_file_load kexec_load keyctl migrate_pages mount mount_setattr move_mount move_pages
    name_to_handle_at open_by_handle_at open_tree open_tree_attr perf_event_open pidfd_getfd pivot_root
    process_madvise process_mrelease process_vm_readv process_vm_writev ptrace quotactl quotactl_fd reboot
    request_key setdomainname sethostname setns settimeofday swapoff swapon syslog umount2 unshare userfaultfd
    vhangup
    """.split()  # noqa: SIM905
)
# Programs have another way when these do not exist.
_UNKNOWN = tuple(
    """
    clone3 memfd_create memfd_secret mq_open msgget openat2 semget shmget
    """.split()  # noqa: SIM905
)
# (call, position of the mode): no file of the person's becomes setuid, none becomes a device or a pipe to hang on.
_MODES = (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("creat", 1), ("open", 2), ("openat", 3))
_NODES = (("mknod", 1), ("mknodat", 2))
# Landlock guards what is in files, not what is said about them, and these would reach the person's own files.
_ATTRIBUTES = tuple(
    """
    chmod chown fchmod fchmodat fchmodat2 fchown fchownat file_setattr fremovexattr fsetxattr futimesat lchown
    lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat utime utimensat utimes
    """.split()  # noqa: SIM905
)
_OF_OTHERS = ("prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
_SIGNALS = tuple(
    """
    kill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill
    """.split()  # noqa: SIM905
)


def rules(*, namespaces: bool, signals_guarded: bool) -> list[Rule]:
    """What is refused where the run has ``namespaces`` of its own, and where it shares those of the person.

    Args:
        namespaces: with an own network namespace, sockets are harmless; with an own view of the files, attributes are.
        signals_guarded: else no signal can be sent at all.
    """
    wanted = [Rule(call) for call in _REFUSED] + [Rule(call, errno.ENOSYS) for call in _UNKNOWN]
    wanted += [Rule("clone", bits=_NEW_NAMESPACES)]
    wanted += [Rule("ioctl", argument=1, equal=(_TIOCSTI, _TIOCLINUX))]
    wanted += [Rule(call, argument=position, bits=_SET_IDS) for call, position in _MODES]
    wanted += [Rule(call, argument=position, bits=_SET_IDS | _PIPE_OR_DEVICE) for call, position in _NODES]
    if namespaces:
        # Other families, as vsock, know no namespaces.
        return [*wanted, Rule("socket", errno.EAFNOSUPPORT, other=(_UNIX, _INET, _INET6))]
    # Landlock does not guard the paths by which a Unix socket reaches services of the person's. Pairs stay allowed.
    wanted += [Rule("socket", errno.EACCES), Rule("connect", errno.EACCES), Rule("inotify_add_watch", errno.EACCES)]
    wanted += [Rule("socketpair", errno.EACCES, argument=0, other=(_UNIX,))]
    wanted += [Rule("socketpair", errno.EACCES, argument=1, bits=2)]
    # A file's flags, and more on some file systems, are set through a descriptor that was opened for reading.
    wanted += [Rule("ioctl", errno.ENOTTY, argument=1, other=_HARMLESS_IOCTLS)]
    wanted += [Rule(call, error=0) for call in _ATTRIBUTES]
    wanted += [Rule(call, other=(0,)) for call in _OF_OTHERS]
    wanted += [Rule("setpriority", argument=0, other=(0,)), Rule("setpriority", argument=1, other=(0,))]
    wanted += [Rule("ioprio_set")]
    if not signals_guarded:
        wanted += [Rule(call) for call in _SIGNALS]
        wanted += [Rule("fcntl", argument=1, equal=_SIGNAL_FROM_DESCRIPTOR)]
    return wanted


def assemble(wanted: list[Rule], machine: str) -> list[tuple[int, int, int, int]]:
    """The filter as instructions (code, jump if true, jump if false, constant). The first rule that holds decides."""
    program = [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_EQUAL, 1, 0, syscalls.AUDIT[machine]), (_RETURN, 0, 0, KILL)]
    program += [(_LOAD, 0, 0, _NUMBER_AT)]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, KILL)]
    for rule in wanted:
        number = syscalls.number(rule.call, machine)
        if number is not None:
            body = _body(rule)
            program += [(_EQUAL, 0, len(body), number), *body]
    return [*program, (_RETURN, 0, 0, ALLOW)]


def _body(rule: Rule) -> list[tuple[int, int, int, int]]:
    """What follows once the number is the rule's: it must leave the number loaded if the rule does not hold."""
    answer = (_RETURN, 0, 0, ERRNO | rule.error)
    # The kernel reads no more than 32 bits of any of these arguments. The lower half comes first on both machines.
    load = (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * rule.argument)
    again = (_LOAD, 0, 0, _NUMBER_AT)
    if rule.bits:
        return [load, (_ANY_BIT, 0, 1, rule.bits), answer, again]
    if rule.equal:
        last = len(rule.equal) - 1
        tests = [(_EQUAL, last - at, 0 if at < last else 1, value) for at, value in enumerate(rule.equal)]
        return [load, *tests, answer, again]
    if rule.other:
        tests = [(_EQUAL, len(rule.other) - at, 0, value) for at, value in enumerate(rule.other)]
        return [load, *tests, answer, again]
    return [answer]


def install(wanted: list[Rule]) -> None:
    """Filter this process and all that it starts; no_new_privs must be set. Raises OSError.

    Raises:
        OSError: the kernel has no filters, or the machine is one whose numbers are not known here.
    """
    machine = os.uname().machine
    if machine not in MACHINES:
        raise OSError(errno.ENOTSUP, f"no filter on system calls for {machine}")
    program = assemble(wanted, machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))
    head = struct.pack("@HP", len(program), ctypes.addressof(code))
    linux.prctl(linux.PR_SET_SECCOMP, 2, head)
