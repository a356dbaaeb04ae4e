"""What a chat of ten turns re-reads: prompt tokens reused a turn, and the time to the first token turn by turn.

    python experiments/benchmarks/prefix_cache.py [--turns 10] [--tokens 48] [--rounds 2]

Each turn sends the whole conversation so far, as a chat does. "Ours" is the workspace service's engine, which keeps
what it has read. "Fresh" is the bare engine (xllamacpp) told to keep nothing (`cache_prompt` false), so that it reads
every prompt from its beginning; it is asked the very same conversations, turn about. On a busy machine CPU seconds to
the first token say more than the wall. Target: from the second turn on 90 % of what was said before is not read again.
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

from engines import TOPICS, BareEngine, Ours, cpu_s

from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.telemetry.spans import span

TARGET = 0.9

FRESH = """
def answer(messages):
    request = {"messages": messages, "max_tokens": 1, "temperature": 0.0, "cache_prompt": False}
    cpu, started = time.process_time(), time.perf_counter()
    usage = json.loads(json.dumps(server.handle_chat_completions(request)))["usage"]
    done = {"first_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    return {**done, "cached": (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)}
"""


def turn_of_ours(ours: Ours, messages: tuple[Message, ...], tokens: int) -> tuple[dict[str, Any], str]:
    """Tokens read and reused, wall and CPU seconds to the first token; and the answer."""
    processes = [os.getpid(), *ours.helpers()]
    before, started = sum(map(cpu_s, processes)), time.perf_counter()
    seen: dict[str, Any] = {}

    def piece(_: str) -> None:
        if not seen:
            seen["first_s"] = time.perf_counter() - started
            seen["cpu_s"] = sum(map(cpu_s, processes)) - before

    with span(ours.workspace, "benchmark"):
        answer = ours.backend.chat(ChatRequest(messages, max_tokens=tokens), piece)
    return {
        **seen,
        "read": answer.input_tokens or 0,
        "cached": answer.cached_tokens or 0,
        "written": answer.output_tokens or 0,
    }, answer.text


def main() -> int:
    """Measure, print a report and one JSON line; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    model = find_model()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    turns: list[list[tuple[dict[str, Any], dict[str, Any]]]] = [[] for _ in range(options.turns)]
    with tempfile.TemporaryDirectory() as folder:
        ours, fresh = Ours(model, Path(folder)), BareEngine(model, max(1, cores - 1), FRESH, cache_mib=0)
        try:
            ours.ask("warm up", 2)
            for number in range(options.rounds):
                said: tuple[Message, ...] = (Message("system", f"You are helper {number}. Answer briefly."),)
                for turn, pairs in enumerate(turns):
                    question = f"Tell me one thing about {TOPICS[turn % len(TOPICS)]} that a child would like to know."
                    said = (*said, Message("user", question))
                    mine, text = turn_of_ours(ours, said, options.tokens)
                    pairs.append((mine, fresh.send([{"role": each.role, "content": each.content} for each in said])))
                    said = (*said, Message("assistant", text))
        finally:
            ours.close()
            fresh.close()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{cores} cores, {options.rounds} chats of {options.turns} turns, load average {load:.1f}")
    print("  turn  prompt  reused  share   first token, s: ours  fresh   CPU s: ours  fresh  fresh ÷ ours")
    record, earlier = [], 0
    shares = []
    for turn, pairs in enumerate(turns):
        row = {
            "read": statistics.median(mine["read"] for mine, _ in pairs),
            "cached": statistics.median(mine["cached"] for mine, _ in pairs),
            "first_s": [statistics.median(pair[side]["first_s"] for pair in pairs) for side in (0, 1)],
            "cpu_s": [statistics.median(pair[side]["cpu_s"] for pair in pairs) for side in (0, 1)],
        }
        if turn:
            shares.append(row["cached"] / earlier)
        earlier = row["read"] + statistics.median(mine["written"] for mine, _ in pairs)
        record.append(row)
        (wall, wall_fresh), (cpu, cpu_fresh) = row["first_s"], row["cpu_s"]
        print(
            f"  {turn + 1:4}  {row['read']:6.0f}  {row['cached']:6.0f}  {row['cached'] / row['read']:5.2f}"
            f"   {wall:20.3f}  {wall_fresh:5.3f}   {cpu:11.3f}  {cpu_fresh:5.3f}  {cpu_fresh / max(cpu, 0.001):12.1f}"
        )
    total = sum(row["cached"] for row in record) / sum(row["read"] for row in record)
    print(f"  of all prompt tokens {total:.2f} were not read again; of what was said before {min(shares):.2f} at least")
    print(json.dumps({"turns": record, "reused": total, "load": load}))
    return 0 if min(shares) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
