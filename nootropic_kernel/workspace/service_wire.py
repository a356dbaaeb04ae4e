"""The protocol of the workspace service: JSON objects, one a line, over a Unix socket.

A connection carries one request. The service greets with ``{"protocol": 2, "pid": …}``, the client sends ``{"key": …,
"op": …}``, and the service answers ``{"ok": true, …}`` or ``{"ok": false, "error": …}``. The operations:

- ``lease``, with the ``name`` of what is wanted and its ``params``: the answer comes when it is ready and this client's
  turn has come, and says how to use it (for a model: a loopback port and its key). The lease lasts until the client
  closes the connection, also by dying. Meanwhile the client may ask ``{"op": "ended"}`` how the leased thing ended
  (``{"ended": text}``, with null while it runs) and ``{"op": "used"}`` what was used of it for this lease so far
  (``{"used": {counter: amount}}``, with null for a counter that cannot be read).
- ``status``: what the service holds and who uses it.

SIGTERM ends the service, whatever its version: it takes no more clients and lets the leases end for some seconds.

What is leased is then used directly, so that answers stream at full speed and the service copies no byte of them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import socket
import struct
import threading
import time
import weakref
from typing import Any

from nootropic_kernel.workspace.errors import Interrupted

_POLL_S = 0.1
_LONGEST_LINE = 1 << 20


class WireClosed(Exception):
    """The other side closed the connection, or sent what is no message."""


class WireSilent(Exception):
    """Nothing came within the time."""


class Wire:
    """One end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._received = bytearray()
        _open.add(connection)

    @classmethod
    def to(cls, path: str) -> Wire:
        """Connect to the socket at ``path``.

        :raises OSError: when nobody listens there, or somebody of another user.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(10.0)
            connection.connect(path)
            if peer(connection)[1] not in (None, os.geteuid()):
                raise PermissionError(f"{path} belongs to another user")
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def send(self, message: dict[str, Any]) -> None:
        """Send one message.

        :raises WireClosed: when nobody takes it.
        """
        try:
            self._socket.settimeout(10.0)
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise WireClosed(str(error)) from error

    def receive(self, timeout_s: float = math.inf, cancel: threading.Event | None = None) -> dict[str, Any]:
        """The next message.

        :raises WireClosed: when there is none.
        :raises WireSilent: when none came within ``timeout_s`` seconds.
        :raises Interrupted: when ``cancel`` is set.
        """
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            if cancel is not None and cancel.is_set():
                raise Interrupted()
            left = deadline - time.monotonic()
            if left <= 0:
                raise WireSilent()
            try:
                patience = min(left, math.inf if cancel is None else _POLL_S)
                self._socket.settimeout(None if patience == math.inf else patience)
                chunk = self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                raise WireClosed(str(error)) from error
            if not chunk:
                raise WireClosed("the other side closed the connection")
            self._received += chunk
            if len(self._received) > _LONGEST_LINE:
                raise WireClosed("a message is too long")
        line, _, self._received = self._received.partition(b"\n")
        try:
            message = json.loads(line)
        except ValueError as error:
            raise WireClosed("a message is no JSON") from error
        if not isinstance(message, dict):
            raise WireClosed("a message is no JSON object")
        return message

    @property
    def is_closed_by_peer(self) -> bool:
        """Whether the other side is gone."""
        try:
            # Asked of the system first: Python waits for its own timeout before it reads, whatever the flags say.
            looking = select.poll()
            looking.register(self._socket, select.POLLIN)
            return bool(looking.poll(0)) and self._socket.recv(1, socket.MSG_PEEK) == b""
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        """End the connection, also for a process that was forked from this one and has inherited it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def peer(connection: socket.socket) -> tuple[int | None, int | None]:
    """Process id and user id of the other end; None where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None, None
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    return pid, uid


_open: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _after_fork() -> None:
    # A fork that keeps a lease's connection open would hold the lease after its owner died.
    for connection in list(_open):
        connection.close()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
