"""What the router adds to a call, and how fast a kept answer comes.

    python experiments/benchmarks/router.py [--rounds 7]

Two measures in one run:

- a call through `Router.answer` against the bare client (httpx, streaming) of the same server, which answers in about
  one second; the rounds are interleaved, the ratio is of the medians (target ≤ 1.05);
- an answer that was given before (target < 5 ms, the median of 200).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / "nootropic_kernel").is_dir():
    sys.path.insert(0, str(ROOT))

from nootropic_kernel.models.contract import ChatRequest, Message  # noqa: E402
from nootropic_kernel.models.exchange import Limits  # noqa: E402
from nootropic_kernel.models.router import Router  # noqa: E402
from nootropic_kernel.models.standing import Memory  # noqa: E402
from nootropic_kernel.workspace.backend_settings import BackendSettings  # noqa: E402
from nootropic_kernel.workspace.location import Workspace  # noqa: E402
from nootropic_kernel.workspace.settings import Settings  # noqa: E402

PIECES, EVERY_S = 50, 0.02
OVERHEAD_TARGET, CACHED_TARGET_S = 1.05, 0.005


class Pacer(BaseHTTPRequestHandler):
    """Answers a chat in fifty pieces within one second."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(PIECES):
            time.sleep(EVERY_S)
            reason = "stop" if number == PIECES - 1 else None
            self._event(json.dumps({"choices": [{"delta": {"content": "word "}, "finish_reason": reason}]}))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve(report: Connection) -> None:
    """Listen in a process of its own, so that its work is not ours."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pacer)
    report.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def pacer() -> Iterator[str]:
    """The URL of the running server."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/v1"
    finally:
        process.kill()
        process.join()


def bare(url: str) -> str:
    """The answer by the bare client."""
    body = {"model": "paced", "messages": [{"role": "user", "content": "hi"}], "stream": True, "max_tokens": 99}
    text = ""
    with httpx.Client() as client, client.stream("POST", f"{url}/chat/completions", json=body, timeout=60) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                text += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
    return text


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def asked(text: str, tokens: int = 99) -> ChatRequest:
    """A request that says ``text``."""
    return ChatRequest((Message("user", text),), tokens)


def overhead(workspace: Workspace, rounds: int) -> tuple[float, float, float]:
    """Seconds of a call through the router and of the bare client, and of an answer that was given before."""
    with pacer() as url:
        backends = {"paced": BackendSettings("paced", url, "paced")}
        settings = Settings(model_preference=("paced",), backends=backends)
        router = Router(settings, workspace, Limits(), Memory())
        ours, theirs = list[float](), list[float]()
        router.answer(asked("warm up"))
        bare(url)
        for number in range(rounds):
            sides = [
                (ours, lambda: router.answer(asked(f"hi {number}"), lambda piece: None)),  # noqa: B023 — used at once
                (theirs, lambda: bare(url)),
            ]
            for times, work in sides if number % 2 == 0 else reversed(sides):
                times.append(timed(work))
        cached = statistics.median(timed(lambda: router.answer(asked("warm up"))) for _ in range(200))
    return statistics.median(ours), statistics.median(theirs), cached


def main() -> int:
    """Measure, print a report and one JSON line; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.find(folder)
        ours, theirs, cached = overhead(workspace, options.rounds)
    ratio = ours / theirs
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.rounds} rounds")
    print(f"a call       router {ours:.3f} s, bare client {theirs:.3f} s: ratio {ratio:.3f} (target {OVERHEAD_TARGET})")
    print(f"a kept one   {cached * 1e3:.2f} ms (target {CACHED_TARGET_S * 1e3:.0f})")
    figures = {"ratio": ratio, "router_s": ours, "bare_s": theirs, "cached_s": cached}
    print(json.dumps(figures))
    return 0 if ratio <= OVERHEAD_TARGET and cached < CACHED_TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
