"""Servers on this machine: a free port for one, whether it answers, and a JSON document sent to it."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import urllib.error
import urllib.request
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError

LOOPBACK = "127.0.0.1"


def names_address(host: str) -> bool:
    """Whether a Host header names ``localhost`` or an address, and so no name that a web page has re-bound to us.

    :param host: the header, with or without a port.
    """
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower() == "localhost"
    return True


def free_port(preferred: int) -> int:
    """``preferred`` when nothing listens there on this machine, else a free one."""
    for port in (preferred, 0):
        if port and _somebody_listens(port):  # on some systems a second bind would succeed all the same
            continue
        with socket.socket() as probe:
            if os.name == "posix":  # a port that we ourselves just gave up counts as free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NootropicError("No free port was found.", next="Close some programs and try again.")


def answers(url: str, *, timeout_s: float = 2.0) -> bool:
    """Whether a server on this machine answers ``url`` with 200; proxies are never asked."""
    try:
        with _opener().open(url, timeout=timeout_s) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def post_json(url: str, document: Any, *, timeout_s: float = 60.0) -> Any:
    """Post a JSON document to a server on this machine and return its JSON answer."""
    request = urllib.request.Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})
    with _opener().open(request, timeout=timeout_s) as reply:
        return json.load(reply)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _somebody_listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True
