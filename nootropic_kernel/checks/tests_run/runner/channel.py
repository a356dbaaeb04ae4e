"""The signed report: one JSON line an event, on a pipe that the tests share but cannot sign for."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import termios
import time
from hashlib import blake2b
from typing import Any

_DRAIN_S = 10.0


class Channel:
    """The write end. The first line carries the key, and is read away before anything of the repository runs.

    Every later line is signed over its text and its number, so a line that is forged, left out or repeated shows.
    """

    def __init__(self, descriptor: int) -> None:
        key = os.urandom(32)
        # Away from the number that everybody knows, and closed for programs that the tests start.
        private = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)
        os.close(descriptor)
        process, number = os.getpid(), 0
        write, getpid, dumps, digest = os.write, os.getpid, json.dumps, blake2b

        def send(kind: str, /, **fields: Any) -> None:
            nonlocal number
            if getpid() != process:
                return  # a test forked, and its child goes through the same hooks
            text = dumps([kind, fields])
            line = f"{digest(f'{number}:{text}'.encode(), key=key).hexdigest()} {text}\n".encode()
            number += 1
            while line:
                line = line[write(private, line) :]

        os.write(private, f"{key.hex()}\n".encode())
        end = time.monotonic() + _DRAIN_S
        while struct.unpack("i", fcntl.ioctl(private, termios.FIONREAD, b"\0\0\0\0"))[0]:
            if time.monotonic() > end:
                raise TimeoutError("nobody reads the report")
            time.sleep(0.001)
        self.send = send
        self._private = private

    def close(self) -> None:
        """Nothing more is said."""
        os.close(self._private)
