"""The engine's own process: llama.cpp's server on loopback, behind a key, for one GGUF file.

Run by file with ``python -P child.py …`` so that nothing of the caller's folder is importable; it therefore imports
only the standard library and xllamacpp. The first line on standard input is the key. Later lines are ``+`` (a request
begins) and ``-`` (it ended), which is how the process knows that it is idle. It ends when standard input ends, when its
parent is gone, or when idle for too long. The only line on standard output is JSON, ``{"ready": true, "port": …}`` or
``{"ready": false, "error": …}``; what the engine prints goes to the log file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

_WATCH_EVERY_S = 0.5
# A server that nothing refers to any more ends.
_kept: list[Any] = []


def main(argv: list[str] | None = None) -> int:
    """Serve a GGUF file by llama.cpp."""
    return run(parser().parse_args(argv), _serve)


def run(options: argparse.Namespace, serve: Callable[[argparse.Namespace, str], int]) -> int:
    """Load the model by ``serve``, which returns the port that it listens on, and stay until told to end."""
    parent = os.getppid()
    report = _take_over_output(options.log)
    key = sys.stdin.buffer.readline().strip().decode()
    if not key:
        _say(report, {"ready": False, "error": "no key was given on standard input"})
        return 2
    activity = _Activity()
    # The reader starts before the load: a caller that is gone must end even a process that is still loading.
    threading.Thread(target=_follow_stdin, args=(activity,), daemon=True).start()
    try:
        port = serve(options, key)
    except Exception as error:  # Engines raise errors of many kinds, each with a text of its own.
        _say(report, {"ready": False, "error": f"{type(error).__name__}: {error}"})
        return 1
    activity.touch()
    _say(report, {"ready": True, "port": port, "pid": os.getpid()})
    os.close(report)
    while os.getppid() == parent and activity.idle_s() < options.idle_s:
        time.sleep(_WATCH_EVERY_S)
    # The engine's threads have nothing to save, and its orderly shutdown can wait for a running prefill.
    os._exit(0)


class _Activity:
    def __init__(self) -> None:
        self._running = 0
        self._last = time.monotonic()

    def begin(self) -> None:
        self._running += 1
        self.touch()

    def end(self) -> None:
        self._running = max(0, self._running - 1)
        self.touch()

    def touch(self) -> None:
        self._last = time.monotonic()

    def idle_s(self) -> float:
        return 0.0 if self._running else time.monotonic() - self._last


def _follow_stdin(activity: _Activity) -> None:
    while line := sys.stdin.buffer.readline():
        if line.startswith(b"+"):
            activity.begin()
        elif line.startswith(b"-"):
            activity.end()
    os._exit(0)


def _serve(options: argparse.Namespace, key: str) -> int:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    # Left alone it allows every web origin; an empty list of origins lets no browser page read an answer.
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    params.n_ctx = options.n_ctx
    params.n_parallel = 1
    # Small batches, because a prefill can be stopped only between two of them.
    params.n_batch = options.n_batch
    params.n_ubatch = options.n_batch
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.cache_ram_mib = options.cache_ram_mib
    params.verbosity = 1
    # The first request warms it up as well, and somebody waits for that one.
    params.warmup = False
    if not options.gpu:
        params.n_gpu_layers = 0
        # It would load the model once more beforehand to see what fits a graphics card.
        params.fit_params = False
    # Loaded, and applied to no request that does not ask: a scale that is changed for all would leave what the cache
    # holds of the model without it.
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 0.0) for path in options.adapter]
    params.lora_init_without_apply = True
    server = xllamacpp.Server(params)
    _kept.append(server)
    return int(urlsplit(server.listening_address).port or 0)


def _take_over_output(log: str) -> int:
    """Keep standard output for the report alone, and send what native code prints to the log."""
    report = os.dup(1)
    # No link is followed: the log's folder is in the workspace, and what a repository brings could point anywhere.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    sink = os.open(log or os.devnull, flags, 0o600)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    return report


def _say(report: int, message: dict[str, Any]) -> None:
    os.write(report, (json.dumps(message) + "\n").encode())


def parser() -> argparse.ArgumentParser:
    """The arguments that every engine's child takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the model's file or folder")
    parser.add_argument("--alias", default="embedded", help="the name that answers carry")
    parser.add_argument("--n-ctx", type=int, default=4096)
    parser.add_argument("--n-batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--cache-ram-mib", type=int, default=128)
    parser.add_argument("--idle-s", type=float, default=600.0)
    parser.add_argument("--adapter", action="append", default=[], help="a LoRA adapter")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--log", default="")
    return parser


if __name__ == "__main__":
    sys.exit(main())
