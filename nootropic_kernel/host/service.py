"""The service: one socket, one thread a client, and a watch over the reasons to end."""

from __future__ import annotations

import hmac
import os
import secrets
import select
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from nootropic_kernel.host.holders import Holder, holders
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.locks import LockBusy, process_lock
from nootropic_kernel.workspace.processes import start_mark
from nootropic_kernel.workspace.service_place import PROTOCOL, ServicePlace, ServiceRecord, identity
from nootropic_kernel.workspace.service_wire import Wire, WireClosed, WireSilent, peer

_WATCH_EVERY_S = 1.0
_REQUEST_S = 30.0
_DRAIN_S = 10.0
# A predecessor that drains holds the lock for as long.
_LOCK_S = _DRAIN_S + 10.0
_MOST_CLIENTS = 256
_MOST_LOG_BYTES = 1 << 20


class ServiceBusy(NootropicError):
    """Another service of this workspace runs already."""


class Service:
    """The service of one workspace, between taking its place and leaving it.

    :param idle_s: it ends when nobody has used it for so many seconds.
    :raises ServiceBusy: on entering, when another one runs.
    """

    def __init__(self, root: Path, state: Path, folder: Path, idle_s: float) -> None:
        self.root = root
        self.place = ServicePlace(folder)
        self.idle_s = idle_s
        self.holders: dict[str, Holder] = holders(state, idle_s)
        self._key = secrets.token_urlsafe(32)
        self._since = time.time()
        self._clients: dict[int, int | None] = {}
        self._guard = threading.Lock()
        self._last_use = time.monotonic()
        self._over = threading.Event()
        self._stack = ExitStack()
        self._root_is = _identity_of(root)

    def __enter__(self) -> Service:
        with ExitStack() as stack:
            # Python goes on waiting after a signal; a byte on this pair wakes it.
            self._woken, waking = (stack.enter_context(end) for end in socket.socketpair())
            waking.setblocking(False)
            signal.set_wakeup_fd(waking.fileno())
            signal.signal(signal.SIGTERM, lambda *_: self._over.set())
            try:
                stack.enter_context(process_lock(self.place.life_lock, timeout_s=_LOCK_S))
            except LockBusy as error:
                raise ServiceBusy("Another service of this workspace runs already.") from error
            self.place.socket.unlink(missing_ok=True)
            self._listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            self._listener.bind(str(self.place.socket))
            self._listener.listen(128)
            mark = start_mark(os.getpid()) or ""
            record = ServiceRecord(os.getpid(), mark, identity(), self._key, str(self.root), self._since)
            self.place.write_record(record)
            self._record = record
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        # From here on no client finds us; the lock is given up last, so that there is never a second one.
        if self.place.record() == self._record:
            self.place.record_file.unlink(missing_ok=True)
            self.place.socket.unlink(missing_ok=True)
        deadline = time.monotonic() + _DRAIN_S
        while self._clients and time.monotonic() < deadline:
            time.sleep(_WATCH_EVERY_S / 10)
        for holder in self.holders.values():
            holder.close()
        signal.set_wakeup_fd(-1)
        self._stack.close()

    def serve(self) -> None:
        """Serve until there is a reason to end."""
        watched = time.monotonic()
        while not self._over.is_set():
            ready, _, _ = select.select([self._listener, self._woken], [], [], _WATCH_EVERY_S)
            if self._listener in ready:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._client, args=(connection,), daemon=True).start()
            if time.monotonic() - watched >= _WATCH_EVERY_S:
                watched = time.monotonic()
                self._watch()

    def _watch(self) -> None:
        for holder in self.holders.values():
            holder.tidy()
        if os.fstat(2).st_size > _MOST_LOG_BYTES:
            os.ftruncate(2, 0)
        idle = not self._clients and time.monotonic() - self._last_use >= self.idle_s
        deserted = _identity_of(self.root) != self._root_is or self.place.record() != self._record
        if idle or deserted:
            self._over.set()

    def _client(self, connection: socket.socket) -> None:
        wire = Wire(connection)
        try:
            pid, uid = peer(connection)
            if uid not in (None, os.geteuid()) or len(self._clients) >= _MOST_CLIENTS:
                return
            wire.send({"protocol": PROTOCOL, "pid": os.getpid()})
            request = wire.receive(_REQUEST_S)
            if not hmac.compare_digest(str(request.get("key")).encode(), self._key.encode()):
                wire.send(_refused(NootropicError("The key of the workspace service is wrong.")))
            elif request.get("op") == "lease":
                self._lease(wire, pid, request)
            elif request.get("op") == "status":
                wire.send(self._status())
            else:
                wire.send(_refused(NootropicError(f"There is no operation {request.get('op')!r}.")))
        except (WireClosed, WireSilent, Interrupted):
            pass  # The client has left; what it leased is given back on the way out.
        finally:
            wire.close()

    def _lease(self, wire: Wire, pid: int | None, request: dict[str, Any]) -> None:
        with self._guard:
            self._clients[id(wire)] = pid
        try:
            holder = self.holders.get(str(request.get("name")))
            if holder is None:
                raise NootropicError(f"The workspace service holds no {request.get('name')!r}.")
            with holder.lease(request.get("params") or {}, _Gone(wire)) as grant:
                wire.send({"ok": True, **grant.terms})
                while question := wire.receive():
                    if question.get("op") == "used":
                        wire.send({"used": dict(grant.used())})
                    else:
                        wire.send({"ended": grant.how_it_ended()})
        except Interrupted:
            raise
        except NootropicError as error:
            wire.send(_refused(error))
        except (KeyError, TypeError, ValueError) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            wire.send(_refused(NootropicError("The request to the workspace service is not valid.", why=str(error))))
        finally:
            with self._guard:
                del self._clients[id(wire)]
                self._last_use = time.monotonic()

    def _status(self) -> dict[str, Any]:
        with self._guard:
            clients = list(self._clients.values())
        return {
            "ok": True,
            "pid": os.getpid(),
            "identity": self._record.identity,
            "since": self._since,
            "idle_s": self.idle_s,
            "clients": sorted({pid for pid in clients if pid is not None}),
            "holds": {name: holder.status() for name, holder in self.holders.items()},
        }


class _Gone(threading.Event):
    """An event that is set when the client has closed its connection."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def is_set(self) -> bool:
        """Whether the client is gone."""
        return self._wire.is_closed_by_peer


def _refused(error: NootropicError) -> dict[str, Any]:
    return {"ok": False, "error": error.to_json()}


def _identity_of(folder: Path) -> tuple[int, int] | None:
    """Device and inode: a folder that was removed and made anew is another one."""
    try:
        facts = folder.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
