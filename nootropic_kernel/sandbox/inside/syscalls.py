"""The numbers of the system calls that the filter names, on the architectures that it knows.

Source: the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
"""

from __future__ import annotations

# The value that a filter sees as the architecture of a call (AUDIT_ARCH_*).
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64); None where there is no such call.
_OLD: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "chmod": (90, None),
    "chown": (92, None), "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112),
    "clone": (56, 220), "connect": (42, 203), "creat": (85, None), "delete_module": (176, 106),
    "fanotify_init": (300, 262), "fchmod": (91, 52), "fchmodat": (268, 53), "fchown": (93, 55), "fchownat": (260, 54),
    "fcntl": (72, 25),
    "finit_module": (313, 273), "fremovexattr": (199, 16), "fsetxattr": (190, 7), "futimesat": (261, None),
    "init_module": (175, 105), "inotify_add_watch": (254, 27), "ioctl": (16, 29), "ioperm": (173, None),
    "iopl": (172, None), "ioprio_set": (251, 30), "kcmp": (312, 272), "kexec_file_load": (320, 294),
    "kexec_load": (246, 104), "keyctl": (250, 219), "kill": (62, 129), "lchown": (94, None),
    "lremovexattr": (198, 15), "lsetxattr": (189, 6), "memfd_create": (319, 279), "migrate_pages": (256, 238),
    "mknod": (133, None), "mknodat": (259, 33), "mount": (165, 40), "move_pages": (279, 239), "mq_open": (240, 180),
    "msgget": (68, 186), "name_to_handle_at": (303, 264), "open": (2, None), "open_by_handle_at": (304, 265),
    "openat": (257, 56), "perf_event_open": (298, 241), "pivot_root": (155, 41), "prlimit64": (302, 261),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60),
    "reboot": (169, 142), "removexattr": (197, 14), "request_key": (249, 218), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "semget": (64, 190), "setdomainname": (171, 162),
    "sethostname": (170, 161), "setns": (308, 268), "setpriority": (141, 140),

    "settimeofday": (164, 170), "setxattr": (188, 5), "shmget": (29, 194), "socket": (41, 198),
    "socketpair": (53, 199), "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116), "tgkill": (234, 131),
    "tkill": (200, 130), "umount2": (166, 39), "unshare": (272, 97), "userfaultfd": (323, 282), "utime": (132, None),
    "utimensat": (280, 88), "utimes": (235, None), "vhangup": (153, 58),
}  # fmt: skip
# Since 424 a call has the same number everywhere.
_NEW = {
    "clone3": 435, "fchmodat2": 452, "file_setattr": 469, "fsconfig": 431, "fsmount": 432, "fsopen": 430,
    "fspick": 433, "io_uring_enter": 426, "io_uring_register": 427, "io_uring_setup": 425, "memfd_secret": 447,
    "mount_setattr": 442, "move_mount": 429, "open_tree": 428, "open_tree_attr": 467, "openat2": 437,
    "pidfd_getfd": 438, "pidfd_send_signal": 424, "process_madvise": 440, "process_mrelease": 448,
    "quotactl_fd": 443, "removexattrat": 466, "setxattrat": 463,
}  # fmt: skip


def number(name: str, machine: str) -> int | None:
    """The number of the call ``name`` on ``machine``, or None where it does not exist or is not known."""
    if machine not in AUDIT:
        return None
    return _NEW.get(name) or _OLD[name][list(AUDIT).index(machine)]
