"""The two sides of a benchmark of the embedded model: our backend as a verb uses it, and the engine without us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / "nootropic_kernel").is_dir():
    sys.path.insert(0, str(ROOT))

from nootropic_kernel.models import schema  # noqa: E402
from nootropic_kernel.models.catalogue import CatalogueModel  # noqa: E402
from nootropic_kernel.models.contract import ChatRequest, Message  # noqa: E402
from nootropic_kernel.models.embedded import EmbeddedBackend  # noqa: E402
from nootropic_kernel.models.files import verified_path  # noqa: E402
from nootropic_kernel.telemetry.spans import span  # noqa: E402
from nootropic_kernel.workspace import service  # noqa: E402
from nootropic_kernel.workspace.location import Workspace  # noqa: E402

TOPICS = ("rivers", "bridges", "bread", "clocks", "sails", "violins", "maps", "kites", "lamps", "rope", "wool", "ice")

# No code of ours, the parameters of our child. What follows defines `answer`, which does one line of JSON.
START = """
import json, os, sys, time
import xllamacpp
options = json.loads(sys.argv[1])
report = os.dup(1); sink = os.open(os.devnull, os.O_WRONLY); os.dup2(sink, 1); os.dup2(sink, 2)
params = xllamacpp.CommonParams()
params.model.path = options["path"]
params.api_keys = ["x"]
params.n_ctx, params.n_batch, params.n_ubatch = options["n_ctx"], options["n_batch"], options["n_batch"]
params.n_parallel, params.verbosity, params.cache_ram_mib = 1, 1, options["cache_mib"]
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
params.n_gpu_layers = 0
server = xllamacpp.Server(params)
"""
LOOP = """
os.write(report, b"{}\\n")
for line in sys.stdin:
    os.write(report, (json.dumps(answer(json.loads(line))) + "\\n").encode())
"""
STREAMED = """
def answer(request):
    seen = {"first": None, "last": 0.0, "usage": None}
    def piece(chunk):
        chunk = json.loads(chunk) if isinstance(chunk, (str, bytes)) else chunk
        for part in chunk if isinstance(chunk, list) else [chunk]:
            choices = part.get("choices") or []
            if choices and choices[0].get("delta", {}).get("content"):
                now = time.perf_counter()
                seen["first"] = seen["first"] or now
                seen["last"] = now
            seen["usage"] = part.get("usage") or seen["usage"]
        return False
    started = time.perf_counter()
    server.handle_chat_completions(request, piece)
    done = {"first_s": seen["first"] - started, "decode_s": seen["last"] - seen["first"]}
    return {**done, "tokens": seen["usage"]["completion_tokens"]}
"""


class BareEngine:
    """xllamacpp in a process of its own.

    :param answer: Python that defines ``answer(document)``, with ``server`` and ``options`` at hand.
    :param cache_mib: memory for prompts that were read before, in MiB.
    :param options: more for ``answer``.
    """

    def __init__(
        self, model: CatalogueModel, threads: int, answer: str, *, cache_mib: int = 128, **options: object
    ) -> None:
        told = {"path": str(verified_path(model)), "threads": threads, "cache_mib": cache_mib, **options}
        command = [sys.executable, "-P", "-c", START + answer + LOOP, json.dumps({**model.serve.model_dump(), **told})]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def send(self, document: object) -> dict[str, Any]:
        """What ``answer`` gives for a document, with ``process_cpu_s``: the CPU seconds that it took."""
        assert self.process.stdin is not None
        before = cpu_s(self.process.pid)
        self.process.stdin.write(json.dumps(document) + "\n")
        self.process.stdin.flush()
        return {**self._line(), "process_cpu_s": cpu_s(self.process.pid) - before}

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("The bare engine ended.")
        return dict(json.loads(line))

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


class StreamingEngine(BareEngine):
    """The bare engine, streaming through its callback."""

    def __init__(self, model: CatalogueModel, threads: int) -> None:
        super().__init__(model, threads, STREAMED)

    def ask(self, prompt: str, tokens: int, shape: dict[str, Any] | None = None, system: str = "") -> dict[str, Any]:
        """Seconds to the first piece, seconds of decoding, tokens, CPU seconds."""
        first = [{"role": "system", "content": system}] if system else []
        request = {
            "messages": [*first, {"role": "user", "content": prompt}], "max_tokens": tokens, "temperature": 0.0,
            "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip
        if shape is not None:
            request["grammar"] = schema.grammar(shape, tokens)
        done = self.send(request)
        return {**done, "cpu_s": done.pop("process_cpu_s")}


class Ours:
    """The embedded backend as a verb uses it."""

    def __init__(self, model: CatalogueModel, folder: Path) -> None:
        self.workspace = Workspace.find(folder)
        self.workspace.ensure()
        self.backend = EmbeddedBackend(model, self.workspace)

    def ask(self, prompt: str, tokens: int, shape: dict[str, Any] | None = None) -> dict[str, Any]:
        """Seconds to the first piece, seconds of decoding, tokens."""
        times: list[float] = []
        processes = [os.getpid(), *self.helpers()]
        before = sum(map(cpu_s, processes))
        with span(self.workspace, "benchmark"):
            started = time.perf_counter()
            request = ChatRequest((Message("user", prompt),), max_tokens=tokens, schema=shape)
            answer = self.backend.chat(request, lambda text: times.append(time.perf_counter()))
        used = sum(map(cpu_s, processes)) - before
        first, last = times[0], times[-1]
        return {"first_s": first - started, "decode_s": last - first, "tokens": answer.output_tokens, "cpu_s": used}

    def close(self) -> None:
        """End it."""
        self.backend.close()
        service.stop(self.workspace)

    def helpers(self) -> list[int]:
        """The engine and, where it is the service's, the service."""
        found = service.status(self.workspace)
        engine = self.backend.engine_pid()
        return [*([found["pid"]] if found else []), *([engine] if engine else [])]


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
