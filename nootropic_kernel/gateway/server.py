"""The gateway's process: ``python -m nootropic_kernel.gateway.server --workspace FOLDER [--port N] [--host NAME]``.

It first says on standard output where it listens and, if it was made here, the key; with ``--json`` as one line of
JSON. The key is nowhere else: not in a file, not in the log.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from nootropic_kernel.workspace.backend_settings import is_loopback_url
from nootropic_kernel.workspace.errors import NootropicError, UsageError, WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.loopback import LOOPBACK

KEY_VARIABLE = "NOOTROPIC_API_KEY"
_SHORTEST_SHARED_KEY = 16
_GRACE_S = 5.0


class NotServing(NootropicError):
    """The gateway cannot listen where it was told to."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="noo serve")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--queue", type=int, default=32)
    parser.add_argument("--metrics", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        key, made = _key(options.host)
        with listener(options.host, options.port) as listening:
            port = listening.getsockname()[1]
            url = f"http://{f'[{options.host}]' if ':' in options.host else options.host}:{port}/v1"
            workspace = Workspace.find(options.workspace)
            with _metrics(workspace, options.metrics) as metrics_url:
                _announce(url, key if made else None, metrics_url, as_json=options.json)
                try:
                    workspace.ensure()
                except WorkspaceUnusable as error:
                    print(f"Calls are answered, but not traced. {error}", file=sys.stderr)
                asyncio.run(_serve(workspace, listening, key, options.host, options.parallel, options.queue))
    except NootropicError as error:
        if options.json:
            print(json.dumps({"error": error.to_json()}), flush=True)
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def listener(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 means a free one.

    :raises NotServing: when the address is taken, not ours, or not allowed.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family)
    except (OSError, UnicodeError) as error:
        raise NotServing(f"There is no address {host!r}.", why=str(error), next="Leave --host out.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        raise NotServing(
            f"The port {port} is in use." if taken else f"Cannot listen on {host} port {port}.",
            why="Another program listens there." if taken else error.strerror or str(error),
            next="Give another --port, or --port 0 for any free one.",
            port=port,
        ) from error
    return listening


def _key(host: str) -> tuple[str, bool]:
    """The key that callers must show, and whether it was made here."""
    # Not for the processes that we start.
    key = os.environ.pop(KEY_VARIABLE, "").strip()
    if not key:
        return f"noo-{secrets.token_urlsafe(32)}", True
    if not is_loopback_url(f"http://{f'[{host}]' if ':' in host else host}") and len(key) < _SHORTEST_SHARED_KEY:
        raise UsageError(
            f"The key in {KEY_VARIABLE} is too short for a server that others can reach.",
            next=f"Use at least {_SHORTEST_SHARED_KEY} characters, or unset it: a key is then made.",
        )
    return key, False


@contextlib.contextmanager
def _metrics(workspace: Workspace, port: int | None) -> Iterator[str | None]:
    """Metrics on this port of this machine; gives their address, None where none are asked for.

    :raises PortTaken: when the port cannot be opened.
    """
    if port is None:
        yield None
        return
    from nootropic_kernel.telemetry.metrics import MetricsServer

    workspace.ensure()
    server = MetricsServer(workspace, port)
    try:
        yield server.url
    finally:
        server.close()


def _announce(url: str, key: str | None, metrics_url: str | None, *, as_json: bool) -> None:
    """Say where it listens; ``key`` is one that was made here."""
    if as_json:
        told = {"url": url, "key_source": "made" if key else KEY_VARIABLE, "key": key, "metrics": metrics_url}
        print(json.dumps({name: value for name, value in told.items() if value is not None}), flush=True)
    else:
        print(f"Serving at {url}")
        print(f"Key (shown this once): {key}" if key else f"Key: the one in {KEY_VARIABLE}.")
        if metrics_url is not None:
            print(f"Metrics at {metrics_url}, for this machine alone.")
    if not is_loopback_url(url):
        warning = "Others can reach it, and nothing is encrypted on the way: use it in a network that you trust."
        print(warning, file=sys.stderr if as_json else sys.stdout)
    if not as_json:
        print("Ctrl-C ends it.", flush=True)


async def _serve(
    workspace: Workspace, listening: socket.socket, key: str, host: str, parallel: int, queue: int
) -> None:
    import uvicorn

    from nootropic_kernel.gateway.app import build
    from nootropic_kernel.gateway.connection import PatientProtocol

    app, calls = build(workspace, key=key, host=host, parallel=parallel, queue=queue)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(_GRACE_S) + 5,
    )

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """End in order at a signal: what runs gets a while, then it is cut with an error that says so."""
            loop = asyncio.get_running_loop()

            def end() -> None:
                if self.should_exit:
                    calls.stop_all()  # asked twice
                else:
                    self.should_exit = True
                    loop.call_later(_GRACE_S, calls.stop_all)

            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, end)
            yield

    await Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())
