"""The attacks: each a piece of code that reaches out of its folder, and does so where nothing confines it.

An attack shows in the world outside (see `world.World.breaches`), by printing a secret, or, where the effect is on the
attacker itself, by printing the mark.
"""

from __future__ import annotations

from dataclasses import dataclass

PRELUDE = """
import ctypes, fcntl, json, os, resource, signal, socket, struct, subprocess, sys, time
A = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def read(path):
    with open(path, "rb") as file:
        print(file.read(100_000))
def attempt(*works):
    for work in works:
        try:
            result = work()
            if isinstance(result, int) and not isinstance(result, bool) and result >= 0:
                print("result", result)
        except Exception as problem:
            print(type(problem).__name__, problem)
def succeeded(result):
    if result >= 0:
        print(A["mark"])
    else:
        print(os.strerror(ctypes.get_errno()))
    return result
"""
# Why an attack is not tried without confinement.
ROOT, NEVER, DEPENDS = "only root could", "it would harm this machine", "not every machine allows it"


@dataclass(frozen=True)
class Attack:
    """``control`` is empty when the attack must succeed unconfined, which is tried too, or says why that is not."""

    name: str
    code: str
    control: str = ""
    runs: int = 1


ATTACKS = [
    # Reading.
    Attack("read by absolute path", 'attempt(lambda: read(A["secret"]))'),
    Attack("read by relative path", 'attempt(lambda: read("../outside/secret.txt"))'),
    Attack("read through a link", 'attempt(lambda: os.symlink(A["secret"], "l"), lambda: read("l"))'),
    Attack("read through a linked folder",
           'attempt(lambda: os.symlink("..", "l"), lambda: read("l/outside/secret.txt"))'),
    Attack("read through a hard link", 'attempt(lambda: os.link(A["secret"], "l"), lambda: read("l"))'),
    Attack("read after a rename", 'attempt(lambda: os.rename(A["secret"], "l"), lambda: read("l"))'),
    Attack("read the home", 'attempt(lambda: read(A["home"]))'),
    Attack("read shared memory", 'attempt(lambda: read(A["shared"]))'),
    Attack("read the environment", "print(dict(os.environ))", control="an unconfined run gets none of it either"),
    Attack("read inherited descriptors", """
for descriptor in range(3, 300):
    try: print(os.pread(descriptor, 1000, 0))
    except OSError: pass
""", control="an unconfined run gets none either"),
    Attack("read the environment of processes", """
for pid in [A["canary"], A["parent"], 1, *(name for name in os.listdir("/proc") if name.isdigit())]:
    attempt(lambda: read(f"/proc/{pid}/environ"))
"""),
    Attack("read through the root of a process", """
for pid in (A["canary"], A["parent"], 1, "self"):
    attempt(lambda: read(f"/proc/{pid}/root{A['secret']}"), lambda: read(f"/proc/{pid}/cwd/secret.txt"))
"""),
    Attack("read the memory of a process", """
with open(f"/proc/{A['canary']}/mem", "rb", buffering=0) as memory:
    memory.seek(A["address"])
    print(memory.read(32))
""", control=DEPENDS),
    Attack("read memory without /proc", """
here = ctypes.create_string_buffer(32)
ours, theirs = struct.pack("QQ", ctypes.addressof(here), 32), struct.pack("QQ", A["address"], 32)
libc.process_vm_readv(A["canary"], ours, ctypes.c_ulong(1), theirs, ctypes.c_ulong(1), ctypes.c_ulong(0))
print(here.raw)
""", control=DEPENDS),
    Attack("trace a process", 'succeeded(libc.ptrace(0x4206, A["canary"], None, None))', control=DEPENDS),
    Attack("watch a folder", 'succeeded(libc.inotify_add_watch(libc.inotify_init(), A["outside"].encode(), 0xFFF))'),
    # Writing.
    Attack("write by absolute path", 'attempt(lambda: open(A["outside"] + "/made", "w").close())'),
    Attack("write by relative path", 'attempt(lambda: open("../outside/made", "w").close())'),
    Attack("write through a link", 'os.symlink(A["secret"], "l"); attempt(lambda: open("l", "w").write("x"))'),
    Attack("append to a file", 'attempt(lambda: open(A["secret"], "a").write("x"))'),
    Attack("truncate a file", 'attempt(lambda: os.truncate(A["secret"], 1))'),
    Attack("delete a file", 'attempt(lambda: os.unlink(A["secret"]))'),
    Attack("make a folder", 'attempt(lambda: os.mkdir(A["outside"] + "/made"))'),
    Attack("make a link outside", 'attempt(lambda: os.symlink("/", A["outside"] + "/made"))'),
    Attack("rename to the outside", 'open("f", "w").close(); attempt(lambda: os.rename("f", A["outside"] + "/made"))'),
    Attack("link to the outside", 'open("f", "w").close(); attempt(lambda: os.link("f", A["outside"] + "/made"))'),
    Attack("change a mode", 'attempt(lambda: os.chmod(A["secret"], 0o777))'),
    Attack("change a mode by descriptor", 'attempt(lambda: os.fchmod(os.open(A["secret"], os.O_RDONLY), 0o777))'),
    Attack("change an owner", 'attempt(lambda: os.chown(A["secret"], 12345, -1))', control=ROOT),
    Attack("change times", 'attempt(lambda: os.utime(A["secret"], (1, 1)))'),
    Attack("set an attribute", 'attempt(lambda: os.setxattr(A["secret"], "user.escape", b"x"))'),
    Attack("set a file's flags", """
fcntl.ioctl(os.open(A["secret"], os.O_RDONLY), 0x40086602, struct.pack("l", 0x40))
print(A["mark"])
""", control=DEPENDS),
    Attack("write to the interpreter", """
for folder in (A["prefix"], os.path.dirname(os.__file__), os.path.dirname(sys.executable)):
    attempt(lambda: open(f"{folder}/{A['trace']}.pth", "w").close())
""", control=NEVER),
    Attack("write to /dev/shm", 'attempt(lambda: open("/dev/shm/" + A["trace"], "w").close())'),
    Attack("write to /tmp for the next run", """
for folder in {"/tmp", os.environ["TMPDIR"]}:
    path = folder + "/" + A["trace"]
    if os.path.exists(path): print(A["mark"])
    attempt(lambda: open(path, "w").close())
""", runs=2),
    Attack("write to a sysctl", 'attempt(lambda: open(A["sysctl"], "w").write("11"))', control=NEVER),
    Attack("replace its own folder", """
attempt(lambda: os.rename(A["box"], A["box"] + "-away"), lambda: os.symlink("/", A["box"]))
"""),
    Attack("leave a setuid file", """
open("f", "w").close()
attempt(lambda: os.chmod("f", 0o4755), lambda: os.close(os.open("g", os.O_CREAT | os.O_WRONLY, 0o6755)))
"""),
    Attack("leave a pipe", 'attempt(lambda: os.mkfifo("pipe"))'),
    Attack("leave a device", 'attempt(lambda: os.mknod("null", 0o20666, os.makedev(1, 3)))', control=ROOT),
    Attack("leave a core dump", """
attempt(lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
child = subprocess.run([sys.executable, "-c", "import os; os.abort()"])
for name in os.listdir("."):
    if "core" in name: print(A["mark"])
""", control=NEVER),
    Attack("read a disk or the kernel's log", """
for name in os.listdir("/dev"):
    if name.startswith(("sd", "vd", "nvme", "kmsg", "mem", "kvm", "fuse")):
        succeeded(os.open("/dev/" + name, os.O_RDONLY | os.O_NONBLOCK))
""", control=DEPENDS),
    # Reaching services.
    Attack("connect to a server", """
for address in ("127.0.0.1", "localhost", "0.0.0.0"):
    attempt(lambda: print(socket.create_connection((address, A["tcp"]), 2).recv(100)))
"""),
    Attack("send a datagram", """
attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", A["udp"])))
time.sleep(0.05)
"""),
    Attack("ask a name server", """
query = struct.pack(">6H", 1, 256, 1, 0, 0, 0) + b"\\x07example\\x03org\\0" + struct.pack(">2H", 1, 1)
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt(lambda: asking.connect(("127.0.0.1", A["udp"])), lambda: asking.send(query))
time.sleep(0.05)
"""),
    Attack("connect to an abstract socket", """
client = socket.socket(socket.AF_UNIX)
attempt(lambda: client.connect(A["abstract"]), lambda: print(client.recv(100)))
"""),
    Attack("connect to a socket by its path", """
client = socket.socket(socket.AF_UNIX)
attempt(lambda: client.connect(A["stream"]), lambda: print(client.recv(100)))
"""),
    Attack("send to a socket from one of a pair", """
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
attempt(lambda: one.sendto(b"x", A["datagram"]), lambda: one.connect(A["datagram"]), lambda: one.send(b"x"))
time.sleep(0.05)
"""),
    Attack("open a socket of another kind", """
for family in (16, 17, 38, 40):  # netlink, packet, crypto, vsock
    attempt(lambda: succeeded(socket.socket(family, socket.SOCK_RAW if family < 38 else socket.SOCK_STREAM).fileno()))
"""),
    Attack("write to a terminal", """
for path in (A["terminal"], "/dev/tty", "/dev/console"):
    try: line = os.open(path, os.O_RDWR | os.O_NOCTTY * (path != A["terminal"]))
    except OSError as problem: print(problem); continue
    attempt(lambda: fcntl.ioctl(line, 0x5412, b"x"), lambda: os.isatty(line) and print(A["mark"]))
"""),
    # Other processes.
    Attack("signal a process", 'attempt(lambda: os.kill(A["canary"], signal.SIGURG)); time.sleep(0.05)'),
    Attack("signal by pidfd", """
attempt(lambda: signal.pidfd_send_signal(os.pidfd_open(A["canary"]), signal.SIGURG)); time.sleep(0.05)
"""),
    Attack("signal through a descriptor", """
one, other = socket.socketpair()
attempt(
    lambda: fcntl.fcntl(one, fcntl.F_SETOWN, A["canary"]),
    lambda: fcntl.fcntl(one, 10, int(signal.SIGURG)),
    lambda: fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC),
    lambda: other.send(b"x"),
)
time.sleep(0.05)
"""),
    Attack("signal everything", 'attempt(lambda: os.kill(-1, signal.SIGURG)); time.sleep(0.05)', control=NEVER),
    Attack("see what a process was started with", 'attempt(lambda: read(f"/proc/{A[\'canary\']}/cmdline"))'),
    Attack("slow a process down", 'attempt(lambda: os.setpriority(os.PRIO_PROCESS, A["canary"], 15))'),
    Attack("slow down all of the person's", 'attempt(lambda: os.setpriority(os.PRIO_USER, 0, 15))', control=NEVER),
    Attack("limit a process", 'attempt(lambda: resource.prlimit(A["canary"], resource.RLIMIT_NOFILE, (9, 9)))'),
    Attack("enter the namespaces of a process", """
succeeded(libc.setns(os.open(f"/proc/{A['canary']}/ns/uts", os.O_RDONLY), 0))
""", control=DEPENDS),
    # The kernel.
    Attack("make namespaces", "succeeded(libc.unshare(0x10000000 | 0x00020000))", control=DEPENDS),
    Attack("clone into namespaces", """
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
child = libc.syscall(number, 0x10000000 | int(signal.SIGCHLD), 0, 0, 0, 0)
if child == 0: os._exit(0)
succeeded(child)
""", control=DEPENDS),
    Attack("mount", 'succeeded(libc.mount(b"none", os.getcwd().encode(), b"tmpfs", 0, None))', control=NEVER),
    Attack("make the system writable", 'succeeded(libc.mount(b"none", b"/usr", None, 32 | 4096, None))', control=NEVER),
    Attack("change the root", 'succeeded(libc.chroot(os.getcwd().encode()))', control=ROOT),
    Attack("add a key", """
number = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
succeeded(libc.syscall(number, b"user", A["mark"].encode(), b"x", ctypes.c_size_t(1), ctypes.c_long(-4)))
""", control=DEPENDS),
    Attack("make an io_uring", """
succeeded(libc.syscall(425, 4, ctypes.create_string_buffer(256)))
""", control=DEPENDS),
    Attack("leave memory behind", 'succeeded(libc.shmget(0, ctypes.c_size_t(4096), 0o1600))', control=NEVER),
    Attack("hold memory without an address", "succeeded(os.memfd_create('x'))"),
    Attack("keep the right to gain rights", "succeeded(-libc.prctl(39, 0, 0, 0, 0))"),
    Attack("keep capabilities", """
head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc.capget(head, sets)
succeeded(0 if sets[0] or sets[1] or sets[3] else -1)
""", control=ROOT),
    # Outliving.
    Attack("outlive the run", """
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.fork() == 0:
        os.setpgid(0, 0)
        end = time.monotonic() + 6
        with open("beat", "w") as beat:
            while time.monotonic() < end:
                beat.write("x"); beat.flush(); time.sleep(0.01)
    os._exit(0)
time.sleep(0.1)
""", control="an unconfined run is ended too"),
]  # fmt: skip
