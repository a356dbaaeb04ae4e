"""A gateway as other programs meet it: `noo serve` in a process of its own, over a model server that a test wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import nootropic_kernel

CHECKOUT = Path(nootropic_kernel.__file__).parent.parent
SCRIPTED = CHECKOUT / "tests" / "models" / "scripted_server.py"
NOO = [sys.executable, "-m", "nootropic_kernel.cli"]
KEY = "a key for tests only"
EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

Step = dict[str, Any]


@dataclass
class Gateway:
    """A running gateway; ``url`` ends in ``/v1``."""

    url: str
    process: subprocess.Popen[str]
    key: str = KEY

    def http(self, **headers: str) -> httpx.Client:
        """A bare HTTP client with the key."""
        root = self.url.removesuffix("/v1")
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        return httpx.Client(base_url=root, headers=headers, timeout=60, trust_env=False)

    def answers(self) -> bool:
        """Whether it answers yet."""
        try:
            with self.http() as client:
                return client.get("/health").status_code == 200
        except httpx.ConnectError:
            return False

    def running(self) -> int:
        """How many model calls are under way."""
        with self.http() as client:
            return int(client.get("/health").json()["running"])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


def piece(text: str, finish: str | None = None) -> Step:
    """One event of a model server's stream."""
    return {"event": {"model": "/secret/place/model.gguf", "choices": [_choice(text, finish)]}}


def says(*texts: str, finish: str = "stop", usage: bool = True) -> list[Step]:
    """The script of a model server that streams these pieces."""
    counts = {"prompt_tokens": 7, "completion_tokens": len(texts), "total_tokens": 7 + len(texts)}
    last: Step = {"event": {"choices": [_choice("", finish)], "usage": counts if usage else None}}
    return [{"head": EVENTS}, *map(piece, texts), last, {"chunk": "data: [DONE]\n\n"}, {"end": True}]


def refuses(status: str, body: Any, *headers: str) -> list[Step]:
    """The script of a model server that answers with an error."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", "Content-Type: application/json", *headers))
    return [{"head": head + "Connection: close\r\n\r\n"}, {"send": json.dumps(body)}]


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": text}, "finish_reason": finish}


@contextmanager
def model_servers(home: Path, **scripts: list[Step]) -> Iterator[dict[str, dict[str, str]]]:
    """One scripted model server a name, named in the settings in ``home`` in that order; gives these settings."""
    running: list[subprocess.Popen[str]] = []
    backends: dict[str, dict[str, str]] = {}
    try:
        for name, script in scripts.items():
            command = [sys.executable, "-S", str(SCRIPTED), json.dumps(script)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            running.append(process)
            assert process.stdout is not None
            backends[name] = {"url": f"http://127.0.0.1:{int(process.stdout.readline())}/v1", "model": "tiny"}
        write_settings(home, backends)
        yield backends
    finally:
        for process in running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def write_settings(home: Path, backends: dict[str, dict[str, str]]) -> None:
    """Name these backends in the person's settings, in this order."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.json").write_text(json.dumps({"backends": backends, "modelPreference": list(backends)}))


def start(folder: Path, home: Path, *options: str, key: str | None = KEY) -> subprocess.Popen[str]:
    """`noo serve` in ``folder``, for the person with that ``home``; without a ``key`` it makes one."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "NOOTROPIC_HOME": str(home)}
    environment.pop("NOOTROPIC_API_KEY", None)
    if key is not None:
        environment["NOOTROPIC_API_KEY"] = key
    command = [*NOO, "serve", *options]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def gateway(folder: Path, home: Path, *options: str, key: str | None = KEY) -> Iterator[Gateway]:
    """A gateway on a free port, that answers."""
    process = start(folder, home, "--port=0", *options, key=key)
    assert process.stdout is not None and process.stderr is not None
    try:
        serving = re.fullmatch(r"Serving at (\S+)", process.stdout.readline().rstrip())
        assert serving is not None, process.stderr.read()
        made = re.fullmatch(r"Key \(shown this once\): (\S+)", process.stdout.readline().rstrip())
        running = Gateway(serving[1], process, made[1] if made else str(key))
        wait_for(running.answers)
        yield running
        process.terminate()
        process.wait(60)
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def wait_for(true: Callable[[], bool], deadline_s: float = 60.0) -> None:
    """Return once it is; a machine may be slow."""
    until = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.05)
