"""A Jupyter server in a process of its own: one that can be killed, flooded, and started again at its address."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
_START_S = 60


class Serving:
    """One server over a folder; only our extension is loaded.

    :param home: where its configuration and its log go.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = home / "server.log"
        self.folder = folder
        self._env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "pipelines", ROOT / "jupyter_extension"))),
            **{f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.folder}"),
            *(f"--IdentityProvider.token={self.token}", "--ServerApp.jpserver_extensions={'nootropic_lab': True}"),
        ]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, env=self._env, stdout=out, stderr=out, start_new_session=True)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.ask("api/status", patience_s=5)
                return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError("The server did not start.\n" + self.log.read_text(errors="replace")[-4000:])

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def memory(self) -> int:
        """The bytes that it holds."""
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def ask(
        self, route: str, body: Mapping[str, Any] | None = None, *, method: str = "", patience_s: float = 60
    ) -> dict[str, Any]:
        """Ask a route below the server's address; a body is posted.

        :raises urllib.error.HTTPError: what the server refuses.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{route}",
            data=None if body is None else json.dumps(body).encode(),
            method=method or ("GET" if body is None else "POST"),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=patience_s) as answer:
            return dict(json.loads(answer.read()))


@contextmanager
def serving(folder: Path, home: Path) -> Iterator[Serving]:
    """A server that has started, and is gone afterwards."""
    server = Serving(folder, home)
    try:
        server.start()
        yield server
    finally:
        server.kill()
