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
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from engines import TOPICS, Ours, StreamingEngine

from nootropic_kernel.models.catalogue import find_model

TARGET = 0.95
WORDS = {"enum": ["river", "bridge", "bread", "clock", "sail", "violin", "map", "kite", "lamp", "rope"]}
SCHEMA = {"type": "array", "items": WORDS, "minItems": 40, "maxItems": 40}


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
        bare = StreamingEngine(model, max(1, cores - 1))
        bare.ask("warm up", 4)
        bare_start_s = time.perf_counter() - started
        memory = {pid: psutil.Process(pid).memory_info().rss / 1e6 for pid in ours.helpers()}
        results: dict[str, list[dict[str, Any]]] = {"ours": [], "bare": []}
        try:
            for number in range(options.rounds):
                order: list[tuple[str, Ours | StreamingEngine]] = [("ours", ours), ("bare", bare)]
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
