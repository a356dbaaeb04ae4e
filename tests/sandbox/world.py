"""A person's machine in small, for confined code to break into: secrets, services, a process; and what shows it."""

from __future__ import annotations

import ctypes
import json
import os
import pty
import resource
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CANARY = """
import ctypes, os, signal, sys, time
secret = ctypes.create_string_buffer(os.environ["KEY"].encode())
signal.signal(signal.SIGURG, lambda *_: open("signalled", "w").close())
print(ctypes.addressof(secret), flush=True)
time.sleep(600)
"""
SYSCTL = Path("/proc/sys/kernel/printk_ratelimit_burst")
_KEYCTL, _SEARCH, _USER_KEYRING = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine, -1), 10, -4


class World:
    """What lies around a run. `told` is given to the attack; `breaches` says what it did, empty if nothing."""

    def __init__(self, place: Path) -> None:
        self.token, self.mark = secrets.token_hex(16), secrets.token_hex(16)
        self.outside, self.box = place / "outside", place / "box"
        self.outside.mkdir()
        self.make_box()
        self.secret = self.outside / "secret.txt"
        self.secret.write_text(self.token)
        # In the name of all that lies in folders that others use too.
        self._trace = f"escape-test-{self.mark[:9]}"
        self.home_secret = Path.home() / f".{self._trace}"
        self.shared = Path("/dev/shm") / f"{self._trace}-secret"
        self.home_secret.write_text(self.token)
        self.shared.write_text(self.token)
        os.environ["ESCAPE_TEST_KEY"] = self.token
        self.inheritable = os.open(self.secret, os.O_RDONLY)
        os.set_inheritable(self.inheritable, True)
        self._received: list[str] = []
        self._sockets = [*self._listeners()]
        self._terminal, self._line = pty.openpty()
        self._canary = subprocess.Popen(
            [sys.executable, "-c", CANARY, self.token],
            cwd=self.outside,
            env={"KEY": self.token},
            stdout=subprocess.PIPE,
        )
        assert self._canary.stdout is not None
        self._address = int(self._canary.stdout.readline())
        self._before = self._state()

    def make_box(self) -> None:
        """The folder of a run, new."""
        if self.box.exists():
            shutil.rmtree(self.box)
        self.box.mkdir()
        self._box_id = self.box.stat().st_ino

    @property
    def told(self) -> str:
        """What an attacker may know: every name and number, no secret but the mark that shows a success."""
        names = {name: sock.getsockname() for name, sock in zip(self._names, self._sockets, strict=True)}
        return json.dumps({
            "mark": self.mark, "secret": str(self.secret), "home": str(self.home_secret), "shared": str(self.shared),
            "outside": str(self.outside), "canary": self._canary.pid, "parent": os.getpid(), "box": str(self.box),
            "tcp": names["tcp"][1], "udp": names["udp"][1], "abstract": names["abstract"].decode(),
            "stream": names["stream"], "datagram": names["datagram"], "terminal": os.ttyname(self._line),
            "prefix": sys.prefix, "sysctl": str(SYSCTL), "address": self._address, "trace": self._trace,
        })  # fmt: skip

    def breaches(self, said: str) -> list[str]:
        """What an attack that printed ``said`` has reached."""
        found = [name for name, text in (("secret read", self.token), ("done", self.mark)) if text in said]
        found += [f"received by {name}" for name in self._received]
        self._received.clear()
        was_before, self._before = self._before, self._state()
        after = dict(self._before)
        found += [f"changed: {name}" for name, was in was_before.items() if after.pop(name, None) != was]
        found += [f"made: {name}" for name in after]
        if self.box.is_symlink() or not self.box.is_dir() or self.box.stat().st_ino != self._box_id:
            return [*found, "folder replaced"]
        if (beat := self.box / "beat").exists():
            size = beat.stat().st_size
            time.sleep(0.15)
            found += ["still at work"] * (beat.stat().st_size != size)
        for folder, _, names in os.walk(self.box):
            for path in (Path(folder, name) for name in names):
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode) and self.token.encode() in path.read_bytes():
                    found.append("secret kept")
                if mode & 0o6000 or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                    found.append(f"left behind: {stat.filemode(mode)} {path.name}")
        return found

    def _state(self) -> dict[str, object]:
        """Everything outside that an attack could change."""
        state: dict[str, object] = {}
        for folder in (self.outside, Path("/tmp"), Path("/dev/shm"), Path.home(), Path(sys.prefix)):
            for path in folder.iterdir() if folder == self.outside else folder.glob(f"*{self._trace}*"):
                seen = path.lstat()
                content = path.read_bytes() if stat.S_ISREG(seen.st_mode) else b""
                state[str(path)] = (seen.st_mode, seen.st_uid, seen.st_mtime_ns, seen.st_nlink, content)
                if stat.S_ISREG(seen.st_mode):
                    state[f"attributes of {path}"] = os.listxattr(path)
        state["canary"] = (
            self._canary.poll(),
            os.getpriority(os.PRIO_PROCESS, self._canary.pid),
            resource.prlimit(self._canary.pid, resource.RLIMIT_NOFILE),
        )
        state["sysctl"] = SYSCTL.read_text() if SYSCTL.exists() else ""
        key = ctypes.CDLL(None).syscall(_KEYCTL, _SEARCH, _USER_KEYRING, b"user", self.mark.encode(), 0)
        state["key"] = key > 0
        return state

    def _listeners(self) -> Iterator[socket.socket]:
        self._names = ("tcp", "abstract", "stream", "udp", "datagram")
        unix, inet = socket.AF_UNIX, socket.AF_INET
        addresses = (("", 0), f"\0escape-{self.mark}", str(self.outside / "s"), ("", 0), str(self.outside / "d"))
        for name, address in zip(self._names, addresses, strict=True):
            kind = socket.SOCK_DGRAM if name in ("udp", "datagram") else socket.SOCK_STREAM
            server = socket.socket(inet if isinstance(address, tuple) else unix, kind)
            server.bind(address)
            if kind == socket.SOCK_STREAM:
                server.listen()
            threading.Thread(target=self._serve, args=(server, name), daemon=True).start()
            yield server

    def _serve(self, server: socket.socket, name: str) -> None:
        try:
            while True:
                if server.type == socket.SOCK_STREAM:
                    connection, _ = server.accept()
                    self._received.append(name)
                    with connection:
                        connection.sendall(self.token.encode())
                else:
                    server.recv(1000)
                    self._received.append(name)
        except OSError:
            pass  # closed

    def close(self) -> None:
        """Take everything away again."""
        self._canary.kill()
        self._canary.communicate()
        for server in self._sockets:
            try:
                server.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was not connected; the blocked call ends all the same
            server.close()
        for descriptor in (self.inheritable, self._terminal, self._line):
            os.close(descriptor)
        for folder in (Path("/tmp"), Path("/dev/shm"), Path.home(), Path(sys.prefix)):
            for path in folder.glob(f"*{self._trace}*"):
                path.unlink()
        os.environ.pop("ESCAPE_TEST_KEY", None)


@contextmanager
def world() -> Iterator[World]:
    """A new world in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="w-") as place:
        made = World(Path(place))
        try:
            yield made
        finally:
            made.close()
