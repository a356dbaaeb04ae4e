"""Requests a second of the embedded model with 1, 8 and 32 in flight against one after the other, ours and bare.

    python experiments/benchmarks/load.py [--rounds 3] [--requests 32] [--tokens 16]

"Ours" is the workspace service's engine as a verb reaches it: lease, wire, span, ledger. "Bare" is xllamacpp in a
process of its own, asked from as many threads. Both have one slot and the same threads, window and batch; each prompt
is new to both; the rounds are interleaved. On a busy machine CPU seconds a request (of every process that takes part)
say more than requests a second. Target: CPU seconds a request, bare ÷ ours, ≥ 0.85 with requests as short as these.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from engines import BareEngine, Ours, cpu_s

from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.telemetry.spans import span

TARGET = 0.85
FLIGHTS = (0, 1, 8, 32)  # 0: one after the other, without a pool of threads

BARE = """
from concurrent.futures import ThreadPoolExecutor
def ask(text):
    messages = [{"role": "user", "content": text}]
    server.handle_chat_completions({"messages": messages, "max_tokens": options["tokens"], "temperature": 0.0})
ask("warm up")
def answer(work):
    started = time.perf_counter()
    if work["flight"]:
        with ThreadPoolExecutor(work["flight"]) as pool:
            list(pool.map(ask, work["texts"]))
    else:
        for text in work["texts"]:
            ask(text)
    return {"wall": time.perf_counter() - started}
"""


def run_bare(bare: BareEngine, texts: list[str], flight: int) -> dict[str, float]:
    """Wall and CPU seconds."""
    done = bare.send({"texts": texts, "flight": flight})
    return {"wall": done["wall"], "cpu": done["process_cpu_s"]}


def run_ours(ours: Ours, texts: list[str], flight: int, tokens: int) -> dict[str, float]:
    """Wall and CPU seconds."""

    def ask(text: str) -> None:
        with span(ours.workspace, "benchmark"):
            ours.backend.chat(ChatRequest((Message("user", text),), max_tokens=tokens))

    processes = [os.getpid(), *ours.helpers()]
    before, started = sum(map(cpu_s, processes)), time.perf_counter()
    if flight:
        with ThreadPoolExecutor(flight) as pool:
            list(pool.map(ask, texts))
    else:
        for text in texts:
            ask(text)
    return {"wall": time.perf_counter() - started, "cpu": sum(map(cpu_s, processes)) - before}


def main() -> int:
    """Measure, print a report and one JSON line; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=16)
    options = parser.parse_args()
    model = find_model()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    rows: dict[int, list[tuple[dict[str, float], dict[str, float]]]] = {flight: [] for flight in FLIGHTS}
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = Ours(model, Path(folder)), BareEngine(model, max(1, cores - 1), BARE, tokens=options.tokens)
        try:
            ours.ask("warm up", 2)
            for number in range(options.rounds):
                for flight in FLIGHTS:
                    texts = [f"{number}.{flight}.{n}: name a river." for n in range(options.requests)]
                    if number % 2 == 0:
                        first = run_ours(ours, texts, flight, options.tokens)
                        rows[flight].append((first, run_bare(bare, texts, flight)))
                    else:
                        second = run_bare(bare, texts, flight)
                        rows[flight].append((run_ours(ours, texts, flight, options.tokens), second))
        finally:
            ours.close()
            bare.close()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{cores} cores, {options.rounds} rounds of {options.requests} requests, load average {load:.1f}")
    found: dict[str, Any] = {}
    for flight, pairs in rows.items():
        speed = [statistics.median(options.requests / pair[side]["wall"] for pair in pairs) for side in (0, 1)]
        ratio = {kind: statistics.median(theirs[kind] / ours_[kind] for ours_, theirs in pairs) for kind in pairs[0][0]}
        cpu = statistics.median(pair[0]["cpu"] for pair in pairs) / options.requests
        name = f"{flight} in flight" if flight else "one after the other"
        print(
            f"  {name:20} requests/s ours {speed[0]:6.2f}  bare {speed[1]:6.2f}  ratio {ratio['wall']:.3f}"
            f"   CPU ms a request {cpu * 1e3:6.1f}  ratio {ratio['cpu']:.3f}"
        )
        found[name] = {"ours": speed[0], "bare": speed[1], "ratio": ratio["wall"], "cpu_ratio": ratio["cpu"]}
    print(json.dumps({**found, "load": load, "cores": cores}))
    return 0 if all(entry["cpu_ratio"] >= TARGET for entry in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
