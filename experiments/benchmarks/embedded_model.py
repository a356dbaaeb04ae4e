"""Speed of our embedded model against the same file in the bare engine, in one run.

    python experiments/benchmarks/embedded_model.py [--rounds 5] [--tokens 128] [--schema] [--own]

Both sides have the same threads, window and batch, and answer the same prompts with temperature 0. "Ours" is what a
verb pays: the workspace service's lease (with `--own` a child process of its own), the wire, the span. With `--schema`
both answer under the same grammar; then the answer's length is the schema's, and ours includes the check of it. "Bare"
is xllamacpp called in a process of its own, streaming through its callback. The rounds are interleaved (ours, bare,
bare, ours, …), each prompt is new to both; the ratio is the median of the rounds' ratios.
Target: tokens/s ours ÷ bare ≥ 0.95. On a busy machine the walls say little; CPU seconds a token (of every process that
takes part, prompt included) are then the better figure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / "nootropic_kernel").is_dir():
    sys.path.insert(0, str(ROOT))

from nootropic_kernel.models import schema  # noqa: E402
from nootropic_kernel.models.catalogue import CatalogueModel, find_model  # noqa: E402
from nootropic_kernel.models.contract import ChatRequest, Message  # noqa: E402
from nootropic_kernel.models.embedded import EmbeddedBackend  # noqa: E402
from nootropic_kernel.models.files import verified_path  # noqa: E402
from nootropic_kernel.telemetry.spans import span  # noqa: E402
from nootropic_kernel.workspace import service  # noqa: E402
from nootropic_kernel.workspace.location import Workspace  # noqa: E402

TARGET = 0.95
TOPICS = ("rivers", "bridges", "bread", "clocks", "sails", "violins", "maps", "kites", "lamps", "rope", "wool", "ice")
WORDS = {"enum": ["river", "bridge", "bread", "clock", "sail", "violin", "map", "kite", "lamp", "rope"]}
SCHEMA = {"type": "array", "items": WORDS, "minItems": 40, "maxItems": 40}

# The bare engine: no code of ours, the parameters of our child, one JSON line a request.
BARE = """
import json, os, sys, time
import xllamacpp
options = json.loads(sys.argv[1])
report = os.dup(1); sink = os.open(os.devnull, os.O_WRONLY); os.dup2(sink, 1); os.dup2(sink, 2)
params = xllamacpp.CommonParams()
params.model.path = options["path"]
params.api_keys = ["x"]
params.n_ctx, params.n_batch, params.n_ubatch = options["n_ctx"], options["n_batch"], options["n_batch"]
params.n_parallel, params.verbosity, params.cache_ram_mib = 1, 1, 128
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
params.n_gpu_layers = 0
server = xllamacpp.Server(params)
os.write(report, b"{}\\n")
for line in sys.stdin:
    request = json.loads(line)
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
    done["tokens"] = seen["usage"]["completion_tokens"]
    os.write(report, (json.dumps(done) + "\\n").encode())
"""


class Bare:
    """The engine without us."""

    def __init__(self, model: CatalogueModel, threads: int) -> None:
        options = {"path": str(verified_path(model)), "threads": threads, **model.serve.model_dump()}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", BARE, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._line()

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("The bare engine ended.")
        return dict(json.loads(line))

    def ask(self, prompt: str, tokens: int, shape: dict[str, Any] | None = None, system: str = "") -> dict[str, Any]:
        """Seconds to the first piece, seconds of decoding, tokens."""
        assert self.process.stdin is not None
        first = [{"role": "system", "content": system}] if system else []
        request = {
            "messages": [*first, {"role": "user", "content": prompt}], "max_tokens": tokens, "temperature": 0.0,
            "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip
        if shape is not None:
            request["grammar"] = schema.grammar(shape, tokens)
        before = cpu_s(self.process.pid)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        done = self._line()
        return {**done, "cpu_s": cpu_s(self.process.pid) - before}

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


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


def prompt(number: int) -> str:
    """A prompt of about 200 tokens that shares no beginning with the others."""
    topic = TOPICS[number % len(TOPICS)]
    filler = " ".join(f"{topic} {index} and {number}," for index in range(25))
    return f"{number} {topic}: {filler}. Write a long essay about {topic}."


def main() -> int:
    """Measure, print a report and one JSON line; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--schema", action="store_true", help="answer under a JSON schema")
    parser.add_argument("--own", action="store_true", help="without the workspace service")
    options = parser.parse_args()
    if options.own:
        os.environ["NOOTROPIC_SERVICE"] = "off"
    shape, tokens = (SCHEMA, 1024) if options.schema else (None, options.tokens)
    model = find_model()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        ours = Ours(model, Path(folder))
        ours.ask("warm up", 4)
        ours_start_s = time.perf_counter() - started
        started = time.perf_counter()
        bare = Bare(model, max(1, cores - 1))
        bare.ask("warm up", 4)
        bare_start_s = time.perf_counter() - started
        memory = {pid: psutil.Process(pid).memory_info().rss / 1e6 for pid in ours.helpers()}
        results: dict[str, list[dict[str, Any]]] = {"ours": [], "bare": []}
        try:
            for number in range(options.rounds):
                order: list[tuple[str, Ours | Bare]] = [("ours", ours), ("bare", bare)]
                for name, side in order if number % 2 == 0 else reversed(order):
                    results[name].append(side.ask(prompt(number), tokens, shape))
        finally:
            ours.close()
            bare.close()
    speed = {side: statistics.median((r["tokens"] - 1) / r["decode_s"] for r in rows) for side, rows in results.items()}
    first = {side: statistics.median(r["first_s"] for r in rows) for side, rows in results.items()}
    pairs = [
        ((a["tokens"] - 1) / a["decode_s"]) / ((b["tokens"] - 1) / b["decode_s"])
        for a, b in zip(results["ours"], results["bare"], strict=True)
    ]
    ratio = statistics.median(pairs)
    cpu = {side: statistics.median(r["cpu_s"] / r["tokens"] for r in rows) for side, rows in results.items()}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    length = results["ours"][0]["tokens"]
    print(f"{model.name}, {cores} cores, {options.rounds} rounds of {length} tokens, load average {load:.1f}")
    print(f"  tokens/s             ours {speed['ours']:7.1f}   bare {speed['bare']:7.1f}   ratio {ratio:.3f}")
    print(
        f"  CPU ms a token       ours {cpu['ours'] * 1e3:7.1f}   bare {cpu['bare'] * 1e3:7.1f}   "
        f"ratio {cpu['bare'] / cpu['ours']:.3f}"
    )
    print(f"  time to first token  ours {first['ours']:6.3f}s   bare {first['bare']:6.3f}s")
    print(f"  start to first word  ours {ours_start_s:6.2f}s   bare {bare_start_s:6.2f}s")
    print(f"  memory, MB           ours {' + '.join(f'{size:.0f}' for size in memory.values())}")
    print(f"  ratios by round: {', '.join(f'{pair:.3f}' for pair in pairs)}; target {TARGET}")
    record = {
        "ratio": ratio,
        "tokens_per_s": speed,
        "first_token_s": first,
        "cpu_s_per_token": cpu,
        "schema": options.schema,
        "service": not options.own,
        "memory_mb": list(memory.values()),
        "load": load,
        "cores": cores,
    }
    print(json.dumps(record))
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
